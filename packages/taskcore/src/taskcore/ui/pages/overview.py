"""How it goes: numbers, charts, what fails now, what comes next, what is stuck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from taskcore.auth.permissions import Verb
from taskcore.states import Phase
from taskcore.ui import charting
from taskcore.ui.models import Counts, Series
from taskcore.ui.models.queues import Health
from taskcore.ui.models.schedules import Occurrence, ScheduleRow
from taskcore.ui.models.tasks import TaskFilter, TaskRow
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.stores.describing import span
from taskcore.ui.svg_charts import Chart, drawn, state_bar
from taskcore.ui.targets import may
from taskcore.ui.words import distance, duration, number, percent

HOUR = timedelta(hours=1)
MOST_QUEUES = 20
"""Queues whose series are added up for somebody who may not see all."""
_LISTED = 8
_EACH = 2
"""Next runs of one schedule, so that a frequent one does not hide all others."""
_TOO_LONG = timedelta(minutes=10)
"""Where nobody has counted how long tasks usually take."""


@dataclass(frozen=True, slots=True)
class Stat:
    """A number with the list behind it."""

    label: str
    value: str
    href: str = ""
    delta: str = ""
    kind: str = ""


async def overview(visit: Visit) -> Show:
    """The first page."""
    counts = await visit.counts()
    window = charting.window(visit.query, visit.now)
    series = await series_of(visit, window)
    day = await series_of(visit, charting.window({"range": "24h"}, visit.now)) if series else None
    stats = [*_count_stats(visit, counts), *_series_stats(visit, day), *await _worker_stats(visit)]
    charts = _charts(series) if series else []
    return Show(
        template="overview.html",
        title="Overview",
        model={"counts": counts, "stats": stats, "series": series},
        also={
            "charts": [(chart, drawn(chart)) for chart in charts],
            "ranges": [
                (each, visit.here(range=each, since=None, until=None), each == window.name) for each in charting.RANGES
            ],
            "window": window,
            "nothing_yet": counts is not None and counts.total == 0,
            "queues": _queues(counts),
            **await _lists(visit, too_long(day)),
        },
    )


async def series_of(visit: Visit, window: charting.Window) -> Series | None:
    """The series of all that the visitor may see; None where there is none."""
    part, visible = visit.source.series, await visit.visible()
    if part is None or (visible is not None and not visible):
        return None
    span = (window.since, window.until, window.step)
    if visible is None:
        return await part.series(*span)
    each = [await part.series(*span, queue=queue) for queue in sorted(visible)[:MOST_QUEUES]]
    return charting.merged(each)


def _count_stats(visit: Visit, counts: Counts | None) -> list[Stat]:
    if counts is None or visit.source.tasks is None:
        return []
    total = {phase: counts.of(phase) for phase in Phase}
    oldest = min(counts.oldest_due.values(), default=None)
    waits = f"oldest due {distance(oldest, visit.now)}" if oldest else "nothing is due"
    failed = total[Phase.FAILED]
    return [
        Stat("Running now", number(total[Phase.RUNNING]), visit.url("tasks", state="running")),
        Stat("Queued", number(total[Phase.QUEUED]), visit.url("tasks", state="queued"), waits),
        Stat("Scheduled", number(total[Phase.SCHEDULED]), visit.url("tasks", state="scheduled")),
        Stat("Retrying", number(total[Phase.RETRYING]), visit.url("tasks", state="retrying")),
        Stat("Dead letters", number(failed), visit.url("dead"), kind="bad" if failed else ""),
    ]


def _series_stats(visit: Visit, day: Series | None) -> list[Stat]:
    if day is None:
        return []
    hour = charting.summary(charting.since(day, visit.now - HOUR))
    before = charting.summary(
        point for point in charting.since(day, visit.now - 2 * HOUR) if point.at < visit.now - HOUR
    )
    whole = charting.summary(day.points)
    failed = hour.counts.get("failed", 0)
    return [
        Stat(
            "Failed, last hour",
            number(failed),
            visit.url("tasks", state="failed", since="1h"),
            delta(failed, before.counts.get("failed", 0)),
            "bad" if failed else "",
        ),
        Stat(
            "Success rate, 24 h", percent(whole.success), delta=f"{number(whole.counts.get('succeeded', 0))} succeeded"
        ),
        Stat("Run time, 24 h", duration(whole.run_p50), delta=f"median; p95 {duration(whole.run_p95)}"),
        Stat("Waiting p95, 24 h", duration(whole.wait_p95)),
    ]


def delta(now: int, before: int) -> str:
    """As in "up 12 from the hour before"."""
    if now == before:
        return "as the hour before"
    return f"{'up' if now > before else 'down'} {abs(now - before):,} from the hour before"


async def _worker_stats(visit: Visit) -> list[Stat]:
    if visit.source.workers is None or not visit.may(Verb.VIEW):
        return []
    workers = await visit.source.workers.list()
    well = sum(worker.health is Health.ONLINE for worker in workers)
    silent = sum(worker.health is Health.STALE for worker in workers)
    words = f"{silent} silent" if silent else ""
    return [Stat("Workers online", number(well), visit.url("workers"), words, "bad" if silent or not well else "")]


def _charts(series: Series) -> list[Chart]:
    return [
        charting.throughput(series),
        charting.errors(series),
        charting.latency(series, "runs"),
        charting.latency(series, "waits"),
    ]


def _queues(counts: Counts | None) -> Sequence[tuple[str, Mapping[str, int], object, int]]:
    """(name, waiting and running by phase, their bar, how many) of the fullest queues."""
    if counts is None:
        return []
    active = (Phase.QUEUED, Phase.RETRYING, Phase.RUNNING, Phase.SCHEDULED)
    found = []
    for queue, numbers in counts.by_queue.items():
        by = {phase.value: numbers.get(phase, 0) for phase in active}
        if total := sum(by.values()):
            found.append((queue, by, state_bar(by), total))
    return sorted(found, key=lambda each: (-each[3], each[0]))[:_LISTED]


async def _lists(visit: Visit, long: timedelta) -> Mapping[str, object]:
    """What fails now, what is stuck, what comes next."""
    visible = await visit.visible()
    tasks = visit.source.tasks
    day = TaskFilter(visible=visible, created_from=visit.now - 24 * HOUR)
    failures = list(await tasks.failures(day, _LISTED)) if tasks else []
    running = TaskFilter(phases=frozenset({Phase.RUNNING}), visible=visible, oldest_first=True, limit=200)
    stuck = [row for row in (await tasks.list(running)).rows if _runs_for(row, visit) > long] if tasks else []
    return {
        "failures": failures,
        "stuck": stuck[:_LISTED],
        "upcoming": await upcoming(visit, _LISTED),
        "span": span,
        "long": long,
    }


def too_long(day: Series | None) -> timedelta:
    """What is longer than usual: three times what 99 of 100 runs of the last day took, but a minute at least."""
    p99 = charting.summary(day.points).run_p99 if day else None
    return _TOO_LONG if p99 is None else max(timedelta(minutes=1), timedelta(seconds=3 * p99))


def _runs_for(row: TaskRow, visit: Visit) -> timedelta:
    return visit.now - (row.started_at or visit.now)


async def upcoming(visit: Visit, limit: int) -> Sequence[tuple[Occurrence, ScheduleRow]]:
    """The next instants of schedules that the visitor may see."""
    part = visit.source.schedules
    if part is None:
        return []
    rows = {row.id: row for row in (await part.list()).rows if may(visit, Verb.VIEW, row)}
    found = await part.occurrences(visit.now, visit.now + 24 * HOUR, _EACH)
    return [(each, rows[each.schedule]) for each in found if each.schedule in rows][:limit]


PAGES = (Page(name="overview", path="/", view=overview),)
