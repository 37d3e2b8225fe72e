"""Tasks of requests that come at the same time, stored together: a commit waits for the disk, whatever it carries."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from taskcore.errors import InvalidInput
from taskcore.models import Receipt, TaskSpec

MOST = 200
"""Tasks of one commit, so that no other process waits long for its turn."""

Put = Callable[[Sequence[TaskSpec]], Awaitable[Sequence[Receipt]]]
"""``TaskQueue.put``, or what a face does instead."""
_Waiting = tuple[TaskSpec, "asyncio.Future[Receipt]"]


class Intake:
    """The way into one store, for one event loop. While a commit is under way, what comes waits for the next one.

    A task that the store refuses fails alone: those beside it are stored.
    """

    def __init__(self, put: Put) -> None:
        self._put = put
        self._waiting: deque[_Waiting] = deque()
        self._storing: asyncio.Task[None] | None = None

    async def put(self, spec: TaskSpec) -> Receipt:
        """Store a task; it is on disk when this returns.

        Raises:
            As ``TaskQueue.put``.
        """
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((spec, answer))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all())
        return await answer

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                # Whoever has gone away meanwhile, as a client does that hangs up, stores nothing.
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
                if batch := [each for each in batch if not each[1].done()]:
                    await self._store_batch(batch)
        finally:
            self._storing = None
            for _, answer in self._waiting:  # this loop is about to end
                answer.cancel()

    async def _store_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            receipts = await self._put([spec for spec, _ in batch])
        except InvalidInput as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            for each in batch:  # nothing was stored, and one of them is to blame
                await self._store_batch([each])
        except Exception as error:
            _fail(batch, error)
        else:
            for (_, answer), receipt in zip(batch, receipts, strict=True):
                if not answer.done():
                    answer.set_result(receipt)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
