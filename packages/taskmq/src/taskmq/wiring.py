"""The only place that names the core's adapters."""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from os import PathLike, fspath

from taskcore.adapters.memory import MemoryEventBus, MemoryStore
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.auth.stores import AccountStore
from taskcore.clock import Clock
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


def redis_server(url: str) -> str:
    """Where a Redis server is, without user and password.

    Raises:
        InvalidInput: the URL names none.
    """
    from taskcore.adapters.redis.session import server_of

    return server_of(url)


async def open_redis(url: str, prefix: str) -> TaskStore:
    """The store whose keys begin with ``prefix``, with whatever the public release left there taken over."""
    from taskcore.adapters.redis import RedisStore
    from taskcore.adapters.redis.restoring import Adoption

    from taskmq import public_keys

    store = await RedisStore.open(url, prefix="taskmq", ids=IdScheme.NUMBERED, within=prefix)

    async def adopt(moves: Sequence[public_keys.Move], above: int) -> None:
        await store.adopt([Adoption(key=key, backup=backup, task=task) for key, backup, task in moves], above=above)

    try:
        await public_keys.take_over(url, prefix, adopt)
    except BaseException:
        await store.close()
        raise
    return store


async def open_redis_accounts(url: str, prefix: str) -> AccountStore:
    """Users, sessions and keys, beside the jobs; for the event loop that opens it alone."""
    from taskcore.adapters.redis.accounts import RedisAccounts

    return await RedisAccounts.open(url, prefix="taskmq", within=prefix)


async def open_accounts(path: str | PathLike[str]) -> AccountStore:
    """Users, sessions and keys, in the file that has the jobs; for the event loop that opens it alone.

    Args:
        path: absolute, or from the folder of this moment.
    """
    # It takes long to load: commands do without, and an API answers others meanwhile.
    await asyncio.to_thread(import_module, "taskcore.adapters.accounts.store")
    from taskcore.adapters.accounts.store import SQLAccounts

    return await SQLAccounts.open(f"sqlite:///{fspath(path)}", prefix="taskmq")


def memory_store(clock: Clock) -> TaskStore:
    """A store that is gone with this process."""
    return MemoryStore(clock, IdScheme.NUMBERED)


def event_bus() -> MemoryEventBus:
    """Where the worker of this process tells what it does."""
    return MemoryEventBus()
