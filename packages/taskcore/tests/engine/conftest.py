"""A memory store on the real clock, and workers that a test starts in the background."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.announcer import Tally
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.worker import Worker
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.retry import Fixed, RetryPolicy
from taskcore.testing import a_task, eventually

ONCE = RetryPolicy(max_attempts=1)
TWICE = RetryPolicy(max_attempts=2, backoff=Fixed(0.0))


class Bench:
    """One store, some handlers, and workers over them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.store = MemoryStore(SystemClock())
        self.handlers: dict[str, Handler] = {}
        self._stack = stack

    def handle(self, function: Callable[..., Any], mode: Mode = Mode.ASYNC, **fields: Any) -> str:
        """Register ``function`` under its own name."""
        fields.setdefault("retry", ONCE)
        name = function.__name__
        self.handlers[name] = Handler(name=name, function=function, mode=mode, **fields)
        return name

    async def put(self, name: str, **fields: Any) -> TaskId:
        (receipt,) = await self.store.put([a_task(name, **fields)])
        return receipt.task

    def worker(self, **options: Any) -> Worker:
        options.setdefault("stop_grace", timedelta(seconds=0.2))
        options.setdefault("grace", timedelta(seconds=2))
        return Worker(self.store, self.handlers, options=WorkerOptions(**options))

    async def drain(self, **options: Any) -> Tally:
        """Work until nothing is due."""
        async with asyncio.timeout(60):
            return await self.worker(**options).run(until_idle=True)

    @asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[Worker]:
        """A worker beside the test, stopped at the end."""
        worker = self.worker(**options)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop(force=True)
            async with asyncio.timeout(30):
                await task

    async def record(self, task: TaskId) -> TaskRecord:
        found = await self.store.get(task)
        assert found is not None
        return found

    async def when(self, task: TaskId, fact: Callable[[TaskRecord], object], within: float = 30.0) -> TaskRecord:
        """The record, once ``fact`` holds of it."""

        async def holds() -> bool:
            return bool(fact(await self.record(task)))

        await eventually(holds, within)
        return await self.record(task)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(stack)
