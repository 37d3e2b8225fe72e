"""What the parts of every ``DashboardSource`` prove, a class each.

A face supplies one fixture, ``source``: a fresh source with at least 30 tasks, some of them failed, running and
waiting, and whatever else its parts tell of. A part that the source has not is no test: leave its class out.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from taskcore.errors import BadCursor
from taskcore.states import AT_REST, WAITING, Phase
from taskcore.ui.models import Action, Order
from taskcore.ui.models.tasks import TaskFilter, TaskPage, TaskRow
from taskcore.ui.source import (
    ActionPart,
    DashboardSource,
    PipelinePart,
    QueuePart,
    RegistryPart,
    SchedulePart,
    SeriesPart,
    TaskPart,
    WorkerPart,
)

FAILED = TaskFilter(phases=frozenset({Phase.FAILED}))
RUNNING = TaskFilter(phases=frozenset({Phase.RUNNING}))


async def pages(part: TaskPart, wanted: TaskFilter) -> AsyncIterator[TaskPage]:
    """All pages from the first one on."""
    page = await part.list(wanted)
    yield page
    while page.older is not None:
        page = await part.list(replace(wanted, after=page.older))
        yield page


async def every(part: TaskPart, wanted: TaskFilter) -> list[TaskRow]:
    """All rows of a listing."""
    return [row async for page in pages(part, replace(wanted, limit=50)) for row in page.rows]


class TaskPartContract:
    """Lists, counts and single tasks."""

    @pytest.fixture
    def tasks(self, source: DashboardSource) -> TaskPart:
        assert source.tasks is not None
        return source.tasks

    async def test_pages_lead_to_every_task_once_and_back_again(self, tasks: TaskPart) -> None:
        wanted = TaskFilter(limit=7)
        forth = [page async for page in pages(tasks, wanted)]
        ids = [row.id for page in forth for row in page.rows]

        assert len(ids) == len(set(ids)) >= 30
        assert all(len(page.rows) == 7 for page in forth[:-1])
        page = forth[-1]
        for _ in forth[:-1]:
            assert page.newer is not None
            page = await tasks.list(replace(wanted, before=page.newer))
            assert len(page.rows) == 7
        assert [row.id for row in forth[0].rows] == [row.id for row in page.rows]
        assert page.newer is None

    async def test_oldest_first_is_newest_first_turned_around(self, tasks: TaskPart) -> None:
        newest = [row.id for row in await every(tasks, TaskFilter())]

        assert newest[::-1] == [row.id for row in await every(tasks, TaskFilter(oldest_first=True))]

    async def test_a_cursor_of_another_filter_is_refused(self, tasks: TaskPart) -> None:
        page = await tasks.list(TaskFilter(limit=5))

        with pytest.raises(BadCursor):
            await tasks.list(TaskFilter(limit=5, after=page.older, queues=frozenset({page.rows[0].queue})))

    @pytest.mark.parametrize("cursor", ["garbage", "", "¼", "A" * 3000])
    async def test_a_cursor_that_is_none_is_refused(self, tasks: TaskPart, cursor: str) -> None:
        with pytest.raises(BadCursor):
            await tasks.list(TaskFilter(after=cursor))

    async def test_a_listing_holds_what_its_filter_says(self, tasks: TaskPart) -> None:
        rows = await every(tasks, TaskFilter())
        queue, name = rows[0].queue, rows[0].name

        async def ids(wanted: TaskFilter) -> set[str]:
            return {row.id for row in await every(tasks, wanted)}

        assert {row.id for row in rows if row.queue == queue} == await ids(TaskFilter(queues=frozenset({queue})))
        assert {row.id for row in rows if row.name == name} == await ids(TaskFilter(name=name))
        assert {row.id for row in rows if row.phase is Phase.FAILED} == await ids(FAILED)
        part_of_name = name[1:].upper()
        held = {row.id for row in rows if part_of_name.lower() in row.name.lower()}
        assert held == await ids(TaskFilter(contains={"name": part_of_name}))
        middle = rows[len(rows) // 2].created_at
        assert {row.id for row in rows if row.created_at >= middle} == await ids(TaskFilter(created_from=middle))
        assert {row.id for row in rows if row.created_at < middle} == await ids(TaskFilter(created_before=middle))

    async def test_queues_that_may_not_be_seen_are_not(self, tasks: TaskPart) -> None:
        rows = await every(tasks, TaskFilter())
        queue = rows[0].queue
        other = next(row.queue for row in rows if row.queue != queue)

        seen = await every(tasks, TaskFilter(visible=frozenset({queue})))
        hidden = await tasks.list(TaskFilter(visible=frozenset({queue}), queues=frozenset({other})))
        nothing = await tasks.list(TaskFilter(visible=frozenset()))

        assert {queue} == {row.queue for row in seen}
        assert () == hidden.rows == nothing.rows
        assert all(row.id != seen[0].id for row in await every(tasks, TaskFilter(visible=frozenset({other}))))

    async def test_counts_are_what_can_be_listed(self, tasks: TaskPart) -> None:
        counts = await tasks.counts()
        rows = await every(tasks, TaskFilter())

        assert len(rows) == counts.total
        assert sum(row.phase is Phase.FAILED for row in rows) == counts.of(Phase.FAILED)
        assert {row.queue for row in rows} == set(counts.by_queue)

    async def test_a_task_is_found_by_its_id_and_by_either_end_of_it(self, tasks: TaskPart) -> None:
        rows = await every(tasks, TaskFilter())
        id_ = rows[3].id
        end = next(id_[-n:] for n in range(6, len(id_) + 1) if sum(row.id.endswith(id_[-n:]) for row in rows) == 1)

        found = await tasks.get(id_)
        by_end = await tasks.get(end)

        assert found is not None
        assert id_ == found.row.id
        assert by_end is not None
        assert id_ == by_end.row.id

    @pytest.mark.parametrize("asked", ["", "x", "no such task", "%", "'", "\x00"])
    async def test_a_task_that_is_not_there_is_none(self, tasks: TaskPart, asked: str) -> None:
        assert await tasks.get(asked) is None

    async def test_a_failed_task_tells_of_its_attempts(self, tasks: TaskPart) -> None:
        row = (await tasks.list(FAILED)).rows[0]
        task = await tasks.get(row.id)

        assert task is not None
        assert row.error == task.row.error
        assert row.attempt == task.attempts[-1].number
        assert task.attempts[-1].finished_at is not None

    async def test_failures_are_grouped_by_what_they_have_in_common(self, tasks: TaskPart) -> None:
        rows = await every(tasks, FAILED)
        groups = await tasks.failures(TaskFilter(), 1000)

        assert len(rows) == sum(group.count for group in groups)
        assert len(groups) == len({(group.name, group.error_type, group.fingerprint) for group in groups})
        assert {group.tasks[0] for group in groups} <= {row.id for row in rows}
        assert [] == list(await tasks.failures(TaskFilter(visible=frozenset()), 10))

    async def test_logs_are_the_newest_lines_oldest_first(self, tasks: TaskPart) -> None:
        logged = [row.id for row in await every(tasks, TaskFilter()) if len(await tasks.logs(row.id, 10)) > 1]
        assert logged, "give some task two log lines"

        lines = list(await tasks.logs(logged[0], 100))

        assert lines[-1:] == list(await tasks.logs(logged[0], 1))
        assert [] == list(await tasks.logs("nobody's", 5))


class ActionPartContract:
    """What people do to tasks."""

    @pytest.fixture
    def does(self, source: DashboardSource) -> ActionPart:
        assert source.does is not None
        return source.does

    @pytest.fixture
    def tasks(self, source: DashboardSource) -> TaskPart:
        assert source.tasks is not None
        return source.tasks

    async def test_a_failed_task_is_retried_once(self, does: ActionPart, tasks: TaskPart) -> None:
        id_ = (await tasks.list(FAILED)).rows[0].id
        order = Order(action=Action.RETRY, targets=(id_,), actor="test")

        first, second = await does.act(order), await does.act(order)

        task = await tasks.get(id_)
        assert task is not None
        assert task.row.phase in WAITING
        assert (1, 0) == (first.done, second.done)
        assert [id_] == list(second.skipped)

    async def test_what_is_not_there_is_skipped_with_a_reason(self, does: ActionPart) -> None:
        for action in (Action.RETRY, Action.CANCEL):
            result = await does.act(Order(action=action, targets=("nobody",)))
            assert 0 == result.done
            assert result.skipped["nobody"]

    async def test_waiting_tasks_are_cancelled(self, does: ActionPart, tasks: TaskPart) -> None:
        id_ = (await tasks.list(TaskFilter(phases=frozenset({Phase.QUEUED})))).rows[0].id

        result = await does.act(Order(action=Action.CANCEL, targets=(id_,)))

        task = await tasks.get(id_)
        assert task is not None
        assert (1, Phase.CANCELLED) == (result.done, task.row.phase)

    async def test_tasks_at_rest_are_deleted_and_running_ones_are_not(self, does: ActionPart, tasks: TaskPart) -> None:
        failed, running = (await tasks.list(FAILED)).rows[0].id, (await tasks.list(RUNNING)).rows[0].id

        result = await does.act(Order(action=Action.DELETE, targets=(failed, running)))

        assert await tasks.get(failed) is None
        assert await tasks.get(running) is not None
        assert (1, [running]) == (result.done, list(result.skipped))

    async def test_all_that_a_filter_describes_is_done_and_no_more(self, does: ActionPart, tasks: TaskPart) -> None:
        failed = await every(tasks, FAILED)
        queue = failed[0].queue
        matching = replace(FAILED, queues=frozenset({queue}))

        result = await does.act(Order(action=Action.RETRY, matching=matching))

        assert sum(row.queue == queue for row in failed) == result.done
        assert {row.id for row in failed if row.queue != queue} == {row.id for row in await every(tasks, FAILED)}

    async def test_a_limit_is_kept(self, does: ActionPart, tasks: TaskPart) -> None:
        before = len(await every(tasks, TaskFilter()))
        rest = TaskFilter(phases=frozenset(Phase(state.value) for state in AT_REST))

        result = await does.act(Order(action=Action.DELETE, matching=rest, limit=3))

        assert 3 == result.done
        assert before - 3 == len(await every(tasks, TaskFilter()))
        assert result.note

    async def test_nothing_beyond_what_may_be_seen_is_done(self, does: ActionPart, tasks: TaskPart) -> None:
        before = await every(tasks, FAILED)

        result = await does.act(Order(action=Action.DELETE, matching=replace(FAILED, visible=frozenset())))

        assert 0 == result.done
        assert [row.id for row in before] == [row.id for row in await every(tasks, FAILED)]


class QueuePartContract:
    """Queues and what holds them back."""

    @pytest.fixture
    def queues(self, source: DashboardSource) -> QueuePart:
        assert source.queues is not None
        return source.queues

    async def test_every_queue_with_tasks_is_there_once(self, source: DashboardSource, queues: QueuePart) -> None:
        assert source.tasks is not None
        names = [row.name for row in await queues.list()]

        assert set((await source.tasks.counts()).by_queue) <= set(names)
        assert sorted(set(names)) == names

    async def test_a_queue_is_paused_limited_and_resumed(self, source: DashboardSource, queues: QueuePart) -> None:
        if source.does is None or Action.PAUSE_QUEUE not in source.actions:
            pytest.skip("this source pauses no queues")
        name = (await queues.list())[0].name

        await source.does.act(Order(action=Action.PAUSE_QUEUE, targets=(name,), options={"reason": "test"}))
        await source.does.act(Order(action=Action.LIMIT_QUEUE, targets=(name,), options={"concurrency": "3"}))
        row = next(row for row in await queues.list() if row.name == name)
        await source.does.act(Order(action=Action.RESUME_QUEUE, targets=(name,)))
        await source.does.act(Order(action=Action.LIMIT_QUEUE, targets=(name,), options={"concurrency": ""}))
        after = next(row for row in await queues.list() if row.name == name)

        assert (True, 3) == (row.paused, row.concurrency)
        assert (False, None) == (after.paused, after.concurrency)


class SchedulePartContract:
    """Schedules and their instants."""

    @pytest.fixture
    def schedules(self, source: DashboardSource) -> SchedulePart:
        assert source.schedules is not None
        return source.schedules

    async def test_every_listed_schedule_can_be_opened(self, schedules: SchedulePart) -> None:
        rows = (await schedules.list()).rows

        assert rows
        for row in rows:
            detail = await schedules.get(row.id)
            assert detail is not None
            assert row.id == detail.row.id
            assert list(detail.upcoming) == sorted(detail.upcoming)
        assert await schedules.get("no such schedule") is None

    async def test_occurrences_lie_within_what_was_asked_for(self, schedules: SchedulePart) -> None:
        since = datetime(2027, 3, 27, tzinfo=UTC)
        until = since + timedelta(days=2)

        found = await schedules.occurrences(since, until, 20)

        times = [each.at for each in found]
        assert times == sorted(times)
        assert all(since <= at < until for at in times)
        bands = [each.schedule for each in found if each.every is not None]
        assert len(bands) == len(set(bands))
        assert all(each.every is None or each.every < timedelta(minutes=15) for each in found)


class WorkerPartContract:
    """Workers."""

    async def test_workers_are_listed_by_id(self, source: DashboardSource) -> None:
        assert source.workers is not None
        part: WorkerPart = source.workers
        ids = [row.id for row in await part.list()]

        assert ids
        assert sorted(set(ids)) == ids


class SeriesPartContract:
    """Numbers over time."""

    async def test_points_have_equal_distances_and_no_holes(self, source: DashboardSource) -> None:
        assert source.series is not None
        part: SeriesPart = source.series
        until = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
        hour = timedelta(hours=1)

        series = await part.series(until - 24 * hour, until, hour)

        assert hour == series.step
        times = [point.at for point in series.points]
        assert times == [times[0] + n * hour for n in range(len(times))]
        assert times[0] <= until - 24 * hour
        assert times[-1] < until <= times[-1] + hour


class RegistryPartContract:
    """Handlers."""

    async def test_handlers_are_named_once(self, source: DashboardSource) -> None:
        assert source.registry is not None
        part: RegistryPart = source.registry
        names = [handler.name for handler in await part.list()]

        assert names
        assert sorted(set(names)) == names


class PipelinePartContract:
    """Pipelines and runs."""

    @pytest.fixture
    def pipelines(self, source: DashboardSource) -> PipelinePart:
        assert source.pipelines is not None
        return source.pipelines

    async def test_every_listed_pipeline_can_be_opened(self, pipelines: PipelinePart) -> None:
        for row in await pipelines.list():
            detail = await pipelines.get(row.id)
            assert detail is not None
            names = {step.id for step in detail.steps}
            assert all({edge.source, edge.target} <= names for edge in detail.edges)
        assert await pipelines.get("no such pipeline") is None

    async def test_pages_of_runs_lead_to_every_run_once(self, pipelines: PipelinePart) -> None:
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await pipelines.runs(None, cursor, 3)
            seen += [row.id for row in page.rows]
            cursor = page.older
            if cursor is None:
                break

        assert seen
        assert len(seen) == len(set(seen))
        for id_ in seen[:5]:
            run = await pipelines.run(id_)
            assert run is not None
            assert id_ == run.row.id
        assert await pipelines.run("no such run") is None
