"""The page about metrics names every metric there is, with its type and labels, and no other."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.core import Metric
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.events import ScheduleEvent, TaskEvent, TaskPut
from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.metrics import HTTPMetrics, Metrics, lapinq_names, taskmq_names
from taskcore.models import WorkerInfo
from taskcore.models.statistics import HOUR
from taskcore.states import Event
from taskcore.testing import a_task

PAGE = Path(__file__).parents[2] / "docs/metrics.md"
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<labels>[\w, ]*?) ?\|", re.MULTILINE)
NOT_OURS = ("process_", "python_")
NO_LABELS = {"le", "quantile"}


def documented() -> dict[str, tuple[str, frozenset[str]]]:
    rows = ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return {row["name"]: (row["type"], frozenset(filter(None, row["labels"].split(", ")))) for row in rows}


def shown(families: list[Metric]) -> Iterator[tuple[str, tuple[str, frozenset[str]]]]:
    for family in families:
        name = family.name + "_total" if family.type == "counter" else family.name
        if not name.startswith(NOT_OURS):
            labels = frozenset[str]().union(*(sample.labels for sample in family.samples)) - NO_LABELS
            yield name, (family.type, labels)


@pytest.fixture
def everything() -> list[Metric]:
    """All families, each with a sample."""

    async def make() -> list[Metric]:
        metrics, store, now = Metrics(), MemoryStore(SystemClock()), SystemClock().now()
        system = metrics.system("shop", "1")
        system.watch(store)
        system.lead(lambda: False)
        system.also(taskmq_names(system))
        system.also(lapinq_names(system, "1"))
        ends = [Event.SUCCEED, Event.FAIL, Event.RETRY]
        system.hear([TaskEvent(now, event, TaskId("1"), "a", "b", 1, None, 0.1, 0.1) for event in ends])
        system.hear([TaskPut(now, TaskId("1"), "a", "b")])
        system.hear([ScheduleEvent(at=now, schedule=ScheduleId("s"), instant=now, skipped="overlap=skip")])
        await store.put([a_task("a")])
        worker = WorkerInfo(
            id=WorkerId("w"), host="h", pid=1, version="1", queues=("default",), slots=1, started_at=now
        )
        await store.sight(worker, HOUR)
        await metrics.refresh()

        async def answer(scope: object, receive: object, send: object) -> None: ...

        await HTTPMetrics(answer, metrics, "shop")({"type": "http", "method": "GET"}, answer, answer)  # type: ignore[arg-type]
        return list(metrics.registry.collect())

    return asyncio.run(make())


def test_the_page_says_what_the_registry_has(everything: list[Metric]) -> None:
    assert documented() == dict(shown(everything))


def test_every_metric_says_what_it_means(everything: list[Metric]) -> None:
    assert [] == [family.name for family in everything if not family.documentation]
