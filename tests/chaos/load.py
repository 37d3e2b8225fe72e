"""A steady stream of tasks, each put until the store has confirmed it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import count
from typing import Self

from taskcore.models import TaskSpec

from .audit import persistently
from .places import Store

BATCH = 20
Put = Callable[[int], Awaitable[Iterable[str]]]
"""Puts a batch of this number, the same one however often it is called, and answers the ids."""


def tasks_into(store: Store, rng: random.Random) -> Put:
    """Tasks of both friendly kinds."""

    async def put(number: int) -> Iterable[str]:
        # The key tells a second try from a second task, where the answer to the first was lost.
        keys = [f"{number} {place}" for place in range(BATCH)]
        specs = [TaskSpec(name=rng.choice(["thread", "async"]), idempotency_key=key) for key in keys]
        return [receipt.task for receipt in await store.put(specs)]

    return put


class Load:
    """Puts tasks while the block runs; ``put`` has the ids of those that were accepted."""

    def __init__(self, put: Put) -> None:
        self._put_batch = put
        self._over = False
        self.put: set[str] = set()

    async def __aenter__(self) -> Self:
        self._producing = asyncio.create_task(self._produce())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait for the last answer: a task of unknown fate would spoil the count."""
        self._over = True
        await self._producing

    async def _produce(self) -> None:
        for number in count():
            if self._over:
                return
            self.put.update(await persistently(partial(self._put_batch, number)))
            await asyncio.sleep(0.05)
