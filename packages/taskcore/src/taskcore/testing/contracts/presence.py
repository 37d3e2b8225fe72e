"""What every ``WorkerRegistry`` proves."""

from datetime import timedelta
from typing import Any

from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo, WorkerState
from taskcore.ports import WorkerRegistry
from taskcore.testing.clock import NOON, FakeClock
from taskcore.testing.factories import seconds

DAY = timedelta(days=1)


def a_worker(id: str = "w1", **fields: Any) -> WorkerInfo:  # noqa: A002
    """What a worker says of itself."""
    given: dict[str, Any] = {
        "host": "box",
        "pid": 7,
        "version": "1.0",
        "queues": ("default",),
        "slots": 4,
        "started_at": NOON,
    }
    return WorkerInfo(id=WorkerId(id), **given | fields)


class WorkerRegistryContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_the_ability_is_announced(self, store: WorkerRegistry) -> None:
        assert isinstance(store, WorkerRegistry)

    async def test_nobody_was_seen_at_first(self, store: WorkerRegistry) -> None:
        assert [] == list(await store.workers())
        assert not await store.forget(WorkerId("w1"))

    async def test_all_that_a_worker_says_is_kept_with_the_instant_by_the_clock_of_the_store(
        self, store: WorkerRegistry, another: WorkerRegistry, clock: FakeClock
    ) -> None:
        worker = a_worker(
            "größe ' \" % 日本",
            host="h\U0001f469",
            queues=("a", "b"),
            state=WorkerState.DRAINING,
            running=3,
            processed=10**12,
            failed=2,
            memory=10**11,
            registry="abc",
            handlers=tuple(f"handler_{n}" for n in range(500)),
            started_at=NOON - timedelta(days=400, microseconds=1),
        )

        await store.sight(worker, DAY)

        assert [Sighting(worker=worker, seen_at=clock.now())] == list(await another.workers())

    async def test_the_last_word_of_a_worker_takes_the_place_of_the_one_before(
        self, store: WorkerRegistry, another: WorkerRegistry, clock: FakeClock
    ) -> None:
        await store.sight(a_worker(running=1), DAY)
        clock.advance(5)

        await another.sight(a_worker(running=2, state=WorkerState.STOPPED), DAY)

        expected = Sighting(worker=a_worker(running=2, state=WorkerState.STOPPED), seen_at=clock.now())
        assert [expected] == list(await store.workers())

    async def test_workers_are_listed_by_id(self, store: WorkerRegistry) -> None:
        for name in ("b", "a", "C"):
            await store.sight(a_worker(name), DAY)

        assert ["C", "a", "b"] == [seen.worker.id for seen in await store.workers()]

    async def test_who_is_silent_for_so_long_is_forgotten_when_another_is_seen(
        self, store: WorkerRegistry, another: WorkerRegistry, clock: FakeClock
    ) -> None:
        await store.sight(a_worker("silent"), DAY)
        clock.advance(1)
        await store.sight(a_worker("quiet"), DAY)
        clock.advance(59)

        await another.sight(a_worker("loud"), seconds(60))

        assert ["loud", "quiet"] == [seen.worker.id for seen in await store.workers()]

    async def test_who_comes_back_after_a_long_silence_is_seen_again(
        self, store: WorkerRegistry, clock: FakeClock
    ) -> None:
        await store.sight(a_worker(), seconds(60))
        clock.advance(600)

        await store.sight(a_worker(processed=5), seconds(60))

        assert [Sighting(worker=a_worker(processed=5), seen_at=clock.now())] == list(await store.workers())

    async def test_a_worker_is_forgotten_once(self, store: WorkerRegistry, another: WorkerRegistry) -> None:
        await store.sight(a_worker("w1"), DAY)
        await store.sight(a_worker("w2"), DAY)

        assert await another.forget(WorkerId("w1"))

        assert not await store.forget(WorkerId("w1"))
        assert ["w2"] == [seen.worker.id for seen in await store.workers()]
