"""A checker for leaks: once all accounts of a Redis store are removed, no key of theirs is left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from taskcore.adapters.accounts import area
from taskcore.adapters.redis.accounts import RedisAccounts
from taskcore.adapters.redis.keys import remove_keys, stored_keys
from taskcore.clock import Clock

CONSTANTS = frozenset({"layout", "last"})
"""What stays when everything else was removed: the layout, and the last id."""
_UP_TO_NOW = timedelta(microseconds=-1)


@asynccontextmanager
async def no_account_is_left(url: str, prefix: str, *, clock: Clock | None = None) -> AsyncIterator[None]:
    """Afterwards remove all accounts of ``prefix``, first through the ports; fail when keys were left then.

    Raises:
        AssertionError: there were.
    """
    try:
        yield
        async with await RedisAccounts.open(url, prefix=prefix, clock=clock) as store:
            await remove_all_accounts(store)
        assert [name for name in await stored_keys(url, area(prefix)) if name not in CONSTANTS] == []
    finally:
        await remove_keys(url, area(prefix))


async def remove_all_accounts(store: RedisAccounts) -> None:
    """Remove every user, session, key and audit entry."""
    for user in await store.users(limit=1_000):
        await store.remove_user(user.id, keep_admin=False)
    for key in await store.keys(limit=1_000):
        await store.revoke_key(key.id)
    await store.prune_keys(older_than=_UP_TO_NOW)
    await store.prune_sessions(idle=_UP_TO_NOW)
    await store.prune_entries(older_than=_UP_TO_NOW)
