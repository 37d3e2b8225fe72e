"""What this process did, in prometheus_client's own registry, under the names of the public task-mq.

For programs that run a ``Worker`` and serve that registry themselves. ``GET /monitor/metrics`` has the same names with
the counts of all processes of a queue, and is not made of these.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Summary
from taskcore.errors import StoreError
from taskcore.events import AnyEvent, TaskEvent
from taskcore.states import Event

JOBS_PROCESSED = Counter("jobs_processed_total", "Total jobs processed")
QUEUE_DEPTH = Gauge("queue_depth", "Current queue depth")
TASK_DURATION = Summary("task_duration_seconds", "Task duration in seconds")
RETRIES = Counter("job_retries_total", "Total number of job retries")
FAILURES = Counter("job_failures_total", "Total number of job failures")

JOBS_ADDED = Counter("queue_jobs_total", "Total jobs added")
JOBS_CANCELLED = Counter("queue_jobs_failed_total", "Total jobs failed")
JOBS_RETRIED = Counter("queue_jobs_retried_total", "Total jobs retried")
PROCESSING = Summary("queue_processing_duration_seconds", "Job processing duration")

ABOUT = frozenset({Event.SUCCEED, Event.REPEAT, Event.RETRY, Event.FAIL})


def hear(events: Sequence[AnyEvent]) -> None:
    """Count the ends of attempts; to be subscribed to ``ABOUT``."""
    for event in events:
        if type(event) is not TaskEvent or event.event not in ABOUT:
            continue
        if event.duration is not None:
            TASK_DURATION.observe(event.duration)
            PROCESSING.observe(event.duration)
        if event.event is Event.SUCCEED or event.error is None:
            JOBS_PROCESSED.inc()
            continue
        RETRIES.inc()  # the last failure too, as it always was
        if event.event is not Event.RETRY:
            FAILURES.inc()


@contextmanager
def showing_depth(depth: Callable[[], int]) -> Iterator[None]:
    """Let ``queue_depth`` be asked of a queue at every scrape; afterwards it stays at the last answer."""
    last = float("nan")

    def ask() -> float:
        nonlocal last
        try:
            last = depth()
        except StoreError:  # A scrape is no place to fail: the rest of it is worth having.
            return float("nan")
        return last

    QUEUE_DEPTH.set_function(ask)
    try:
        yield
    finally:
        ask()
        QUEUE_DEPTH.set_function(lambda: last)
