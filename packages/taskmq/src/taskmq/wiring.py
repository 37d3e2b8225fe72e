"""The only place that names the core's adapters."""

import asyncio
from os import PathLike

from taskcore.adapters.memory import MemoryEventBus
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import IdScheme
from taskcore.ports import TaskStore

from taskmq import public_tables


async def open_sqlite(path: str | PathLike[str]) -> TaskStore:
    """The store in a SQLite file, with whatever the public release left there taken over."""
    store = await SQLiteStore.open(path, prefix="taskmq", ids=IdScheme.NUMBERED)
    try:
        await asyncio.to_thread(public_tables.install, path)
    except BaseException:
        await store.close()
        raise
    return store


def event_bus() -> MemoryEventBus:
    """Where the worker of this process tells what it does."""
    return MemoryEventBus()
