"""Names that published releases documented, beside ours. A face switches its own on: ``system.also(...)``.

They have no ``system`` label and count all queues together, as they were documented; two systems of one kind in one
application can have them only once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import Metric, SummaryMetricFamily

from taskcore import statistics
from taskcore.metrics.families import Families, all_together, counter, cumulative, gauge, histogram, total
from taskcore.metrics.system import SystemMetrics
from taskcore.models import QueueCounts
from taskcore.states import TaskState
from taskcore.statistics import RUN_TIME, RUN_WORDS

LAPINQ_STATUSES: Mapping[str, TaskState] = {
    "pending": TaskState.PENDING,
    "running": TaskState.RUNNING,
    "completed": TaskState.SUCCEEDED,
    "failed": TaskState.FAILED,
    "cancelled": TaskState.CANCELLED,
}


def taskmq_names(system: SystemMetrics, *, retried: Callable[[], int] = lambda: 0) -> Families:
    """Those that taskmq's documentation shows, and those that its public release had.

    Args:
        retried: how many jobs were retried on request so far; the core does not tell that from a put.
    """

    def families() -> Iterator[Metric]:
        sums = system.sums()
        counts = all_together(sums)
        succeeded, failed = counts[statistics.SUCCEEDED], counts[statistics.FAILED]
        jobs = counter("taskmq_jobs", "Total number of jobs processed", ("status",))
        jobs.add_metric(["success"], succeeded)
        jobs.add_metric(["failed"], failed)
        yield jobs
        buckets, seconds = cumulative(counts, RUN_WORDS), counts[RUN_TIME] / 1e6
        durations = histogram("taskmq_job_duration_seconds", "Job processing duration", ())
        durations.add_metric([], buckets, seconds)
        yield durations
        yield _counter("jobs_processed", "Total jobs processed", succeeded)
        yield _counter("job_retries", "Total number of job retries", counts[statistics.RETRIED] + failed)
        yield _counter("job_failures", "Total number of job failures", failed)
        yield _counter("queue_jobs", "Total jobs added", total(sums, statistics.PUT))
        yield _counter("queue_jobs_failed", "Total jobs failed", total(sums, statistics.CANCELLED))
        yield _counter("queue_jobs_retried", "Total jobs retried", retried())
        for name, text in (
            ("task_duration_seconds", "Task duration in seconds"),
            ("queue_processing_duration_seconds", "Job processing duration"),
        ):
            yield SummaryMetricFamily(name, text, count_value=int(buckets[-1][1]), sum_value=seconds)
        if (queues := _queues(system)) is not None:
            depth = gauge("queue_depth", "Current queue depth", ())
            depth.add_metric([], sum(queue.by_state.get(TaskState.PENDING, 0) for queue in queues))
            yield depth

    return families


def lapinq_names(system: SystemMetrics, version: str) -> Families:
    """``lapinq_tasks`` of every queue, all five statuses each, and ``lapinq_info``."""

    def families() -> Iterator[Metric]:
        tasks = gauge("lapinq_tasks", "Task counts by queue and status", ("queue", "status"))
        for queue in _queues(system) or ():
            for status, state in LAPINQ_STATUSES.items():
                tasks.add_metric([queue.queue, status], queue.by_state.get(state, 0))
        yield tasks
        info = gauge("lapinq_info", "Lapinq metadata", ("version",))
        info.add_metric([version], 1)
        yield info

    return families


def _counter(name: str, text: str, value: int) -> Metric:
    family = counter(name, text, ())
    family.add_metric([], value)
    return family


def _queues(system: SystemMetrics) -> Sequence[QueueCounts] | None:
    reading = system.gauges.reading if system.gauges else None
    return None if reading is None else reading.queues
