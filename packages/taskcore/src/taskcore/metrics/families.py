"""The metrics of a task system by name, and how sums become samples of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from taskcore import statistics
from taskcore.counting import Sums
from taskcore.statistics import BOUNDS, RUN_TIME, RUN_WORDS, WAIT_TIME, WAIT_WORDS

PLACE = ("system", "queue", "task")


def counter(name: str, text: str, labels: tuple[str, ...]) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, labels=labels)


def gauge(name: str, text: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def histogram(name: str, text: str, labels: tuple[str, ...]) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, text, labels=labels)


def cumulative(counts: Mapping[str, int], words: tuple[str, ...]) -> list[tuple[str, float]]:
    """Buckets as an exposition shows them, the one for everything last."""
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    return list(zip(bounds, accumulate(counts.get(word, 0) for word in words), strict=True))


def task_families(system: str, sums: Sums) -> Iterator[Metric]:
    """What happened to tasks, by queue and name."""
    yield from _ends(system, sums)
    yield _single("taskcore_tasks_put", "Tasks that were put", statistics.PUT, system, sums)
    yield _single("taskcore_retries", "Attempts that failed and are tried again", statistics.RETRIED, system, sums)
    yield _single(
        "taskcore_dead",
        "Tasks that were given up, and runs of periodic tasks that failed",
        statistics.FAILED,
        system,
        sums,
    )
    yield _durations("taskcore_task_duration_seconds", "How long handlers ran", (RUN_WORDS, RUN_TIME), system, sums)
    yield _durations(
        "taskcore_task_wait_seconds", "How long tasks were due before they began", (WAIT_WORDS, WAIT_TIME), system, sums
    )


def _ends(system: str, sums: Sums) -> Iterator[Metric]:
    family = counter("taskcore_tasks", "Ends of attempts, by how they ended", (*PLACE, "outcome"))
    for (queue, name), counts in sums.items():
        for word in statistics.WORDS:
            if word != statistics.PUT and counts.get(word):
                family.add_metric([system, queue, name, word], counts[word])
    yield family


def _single(name: str, text: str, word: str, system: str, sums: Sums) -> Metric:
    family = counter(name, text, PLACE)
    for (queue, task), counts in sums.items():
        if counts.get(word):
            family.add_metric([system, queue, task], counts[word])
    return family


def _durations(name: str, text: str, words: tuple[tuple[str, ...], str], system: str, sums: Sums) -> Metric:
    family = histogram(name, text, PLACE)
    buckets, total = words
    for (queue, task), counts in sums.items():
        shown = cumulative(counts, buckets)
        if shown[-1][1]:
            family.add_metric([system, queue, task], shown, counts.get(total, 0) / 1e6)
    return family


def merged(many: Iterator[Metric]) -> list[Metric]:
    """Families of one name as one family: an exposition names each once, however many systems have it."""
    families: dict[str, Metric] = {}
    for family in many:
        known = families.setdefault(family.name, family)
        if known is not family:
            known.samples.extend(family.samples)
    return list(families.values())


def total(sums: Sums, word: str) -> int:
    """How often it happened, wherever."""
    return sum(counts.get(word, 0) for counts in sums.values())


def all_together(sums: Sums) -> Counter[str]:
    """The sums of all queues and names."""
    together = Counter[str]()
    for counts in sums.values():
        together.update(counts)
    return together


Families = Callable[[], Iterator[Metric]]
"""Somebody who has something to show."""
