"""A Redis store holds tasks back exactly as the memory store does: pauses, limits and keys, whatever happens around."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.adapters.redis import RedisStore
from taskcore.ids import IdScheme, TaskId, WorkerId
from taskcore.lease import Fence
from taskcore.models import Order, Settlement, TaskQuery
from taskcore.testing import FakeClock
from taskcore.testing.contracts.steps import WORKER_EVENTS
from taskcore.testing.factories import a_claim, a_settlement, a_task, seconds
from taskcore.testing.redis_keys import no_key_is_left

STEPS = 150
QUEUES = "xyz"


class Twins:
    """Two stores that are told the same, and must answer the same."""

    def __init__(self, seed: int, memory: MemoryStore, redis: RedisStore, clock: FakeClock) -> None:
        self._rng, self._memory, self._redis, self._clock = Random(seed), memory, redis, clock
        self._fences: list[Fence] = []
        self._highest = 1

    async def live(self) -> None:
        steps: list[Callable[[], Awaitable[None]]] = [
            self._put, self._put, self._claim, self._claim, self._exchange, self._settle, self._settle, self._cancel,
            self._take, self._expire, self._time, self._pause, self._resume, self._limit, self._replay, self._counts,
        ]  # fmt: skip
        for _ in range(STEPS):
            await self._rng.choice(steps)()
        everything = TaskQuery(order=Order.OLDEST, limit=1000)
        await self._both("find", everything)

    async def _both(self, name: str, *args: Any) -> Any:
        expected, told = await getattr(self._memory, name)(*args), await getattr(self._redis, name)(*args)
        assert expected == told, f"{name}{args}"
        return expected

    async def _put(self) -> None:
        rng, now = self._rng, self._clock.now()
        specs = [
            a_task(
                queue=rng.choice(QUEUES),
                priority=rng.choice([0, 0, 1, -1]),
                run_at=now + seconds(rng.choice([-3, 0, 0, 5])),
                expires_at=now + seconds(rng.choice([2.5, 30.5, 1e6])),
                concurrency_key=rng.choice([None, "k", "k", "m"]),
                concurrency_limit=rng.choice([1, 1, 2, 3]),
            )
            for _ in range(rng.randint(1, 4))
        ]
        receipts = await self._both("put", specs)
        self._highest = int(receipts[-1].task)

    async def _claim(self) -> None:
        queues = self._rng.sample(QUEUES, self._rng.randint(1, 3))
        wanted = a_claim(self._rng.choice("ab"), *queues, limit=self._rng.randint(1, 4))
        self._fences += [record.fence for record in await self._both("claim", wanted)]

    async def _exchange(self) -> None:
        _, claimed = await self._both("exchange", self._ends(), a_claim("a", *QUEUES, limit=2))
        self._fences += [record.fence for record in claimed]

    async def _settle(self) -> None:
        await self._both("settle", self._ends())

    def _ends(self) -> list[Settlement]:
        wait = seconds(self._rng.choice([0, 3]))
        fences = self._rng.sample(self._fences, min(2, len(self._fences)))
        return [
            a_settlement(fence, self._rng.choice(WORKER_EVENTS), delay=wait, run_at=self._clock.now() + wait)
            for fence in fences
        ]

    def _some_task(self) -> TaskId:
        return TaskId(str(self._rng.randint(1, self._highest)))

    async def _cancel(self) -> None:
        await self._both("cancel", [self._some_task()])

    async def _take(self) -> None:
        await self._both("take", self._some_task(), WorkerId("t"), seconds(30))

    async def _expire(self) -> None:
        expected, told = await self._memory.expire(100), await self._redis.expire(100)
        assert set(expected) == set(told)

    async def _time(self) -> None:
        self._clock.advance(self._rng.choice([1, 4]))

    async def _pause(self) -> None:
        await self._both("pause", self._rng.choice(QUEUES))

    async def _resume(self) -> None:
        await self._both("resume", self._rng.choice(QUEUES))

    async def _limit(self) -> None:
        await self._both("limit", self._rng.choice(QUEUES), self._rng.choice([None, 1, 2]))

    async def _replay(self) -> None:
        await self._both("replay", [self._some_task()])

    async def _counts(self) -> None:
        await self._both("counts")


@pytest.mark.parametrize("seed", range(6))
async def test_both_stores_hand_out_the_same_tasks(redis_url: str, prefix: str, clock: FakeClock, seed: int) -> None:
    memory = MemoryStore(clock, IdScheme.NUMBERED)
    async with (
        no_key_is_left(redis_url, prefix, clock=clock, ids=IdScheme.NUMBERED),
        await RedisStore.open(redis_url, prefix=prefix, clock=clock, ids=IdScheme.NUMBERED) as redis,
    ):
        await Twins(seed, memory, redis, clock).live()
