"""A steady stream of tasks, each put until the store has confirmed it."""

import asyncio
import random
from itertools import count
from typing import Self

from taskcore.models import TaskSpec

from .audit import persistently
from .places import Store


class Load:
    """Puts tasks while the block runs; ``put`` has the ids of those that were accepted."""

    def __init__(self, store: Store, rng: random.Random) -> None:
        self._store, self._rng = store, rng
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
            # The key tells a second try from a second task, where the answer to the first was lost.
            specs = [
                TaskSpec(name=self._rng.choice(["thread", "async"]), idempotency_key=f"{number} {place}")
                for place in range(20)
            ]
            self.put.update(receipt.task for receipt in await persistently(lambda: self._store.put(specs)))  # noqa: B023
            await asyncio.sleep(0.05)
