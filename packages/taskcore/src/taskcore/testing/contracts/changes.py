"""What every store with ``Changes`` proves."""

from typing import Protocol

from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.models import Report, TaskQuery
from taskcore.ports import Changes, QueueControls, ScheduleStore, TaskStore, WorkerRegistry
from taskcore.states import AT_REST, Event
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.presence import DAY, a_worker
from taskcore.testing.contracts.steps import claim_one, put, put_one
from taskcore.testing.factories import a_claim, a_line, a_schedule, a_settlement, a_step, a_task, seconds


class WatchedStore(TaskStore, QueueControls, ScheduleStore, WorkerRegistry, Changes, Protocol):
    """A store that says whether it has changed."""


class Revisions:
    """Looks at a store's revision after each step of another handle."""

    def __init__(self, store: WatchedStore) -> None:
        self._store = store
        self._seen: list[str] = []

    async def look(self, step: str) -> None:
        """Fail unless the revision is a new one."""
        revision = await self._store.revision()
        assert revision not in self._seen, f"the revision is the same after: {step}"
        self._seen.append(revision)


class ChangesContract:
    """A backend supplies ``clock``, ``store`` and ``another``, as for ``TaskStoreContract``."""

    async def test_the_ability_is_announced(self, store: WatchedStore) -> None:
        assert isinstance(store, Changes)

    async def test_every_step_of_a_task_changes_it(
        self, store: WatchedStore, another: WatchedStore, clock: FakeClock
    ) -> None:
        seen = Revisions(store)
        await seen.look("nothing")
        first, second = await put(another, a_task(), a_task())
        await seen.look("put")
        held = await claim_one(another)
        await seen.look("claim")
        await another.renew([held.fence], seconds(60))
        await seen.look("renew")
        await another.report([Report(fence=held.fence, progress=0.5)])
        await seen.look("report progress")
        await another.report([Report(fence=held.fence, lines=(a_line(held),))])
        await seen.look("report a line")
        await another.add_logs([a_line(held)])
        await seen.look("add a line")
        await another.cancel([first])
        await seen.look("ask to stop")
        await another.settle([a_settlement(held, Event.RETRY)])
        await seen.look("settle")
        await another.take(first, WorkerId("w1"), seconds(1))
        await seen.look("take")
        clock.advance(2)
        (late,) = await another.overdue(10)
        await another.recover([a_settlement(late, Event.FAIL)])
        await seen.look("recover")
        await another.replay([first])
        await seen.look("replay")
        await another.cancel([first])
        await seen.look("cancel")
        await another.delete([first])
        await seen.look("delete")
        await put_one(another, expires_at=clock.now() - seconds(1))
        await seen.look("put one that is past")
        await another.expire(10)
        await seen.look("expire")
        await another.prune(AT_REST, seconds(-1), 10)
        await seen.look("prune")
        assert [second] == [record.id for record in await store.find(TaskQuery())]

    async def test_an_exchange_changes_it(self, store: WatchedStore, another: WatchedStore) -> None:
        await put_one(another)
        held = await claim_one(another)
        before = await store.revision()

        await another.exchange([a_settlement(held)], a_claim(limit=0))

        assert before != await store.revision()

    async def test_schedules_controls_and_workers_change_it(
        self, store: WatchedStore, another: WatchedStore, clock: FakeClock
    ) -> None:
        seen = Revisions(store)
        await seen.look("nothing")
        saved = await another.save_schedule(a_schedule(), clock.now())
        await seen.look("save a schedule")
        assert saved.next_at is not None
        await another.advance(a_step(saved, saved.next_at))
        await seen.look("advance")
        await another.remove_schedule(ScheduleId("hourly"))
        await seen.look("remove a schedule")
        await another.pause("default")
        await seen.look("pause")
        await another.limit("default", 3)
        await seen.look("limit")
        await another.resume("default")
        await seen.look("resume")
        await another.sight(a_worker(), DAY)
        await seen.look("sight")
        await another.sight(a_worker(running=1), DAY)
        await seen.look("sight again")
        await another.forget(WorkerId("w1"))
        await seen.look("forget")

    async def test_its_own_writes_change_it_too(self, store: WatchedStore) -> None:
        before = await store.revision()

        await put_one(store)

        assert before != await store.revision()

    async def test_reading_does_not_change_it(self, store: WatchedStore) -> None:
        task = await put_one(store)
        equal = False

        for _ in range(20):  # a server may be busy with others
            before = await store.revision()
            await store.get(task)
            await store.find(TaskQuery())
            await store.counts()
            await store.logs(task)
            await store.attempts(TaskId("404404404"))
            await store.workers()
            await store.schedules()
            equal = equal or before == await store.revision()

        assert equal
