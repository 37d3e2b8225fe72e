"""Prove that the server is one that a store can work on, and that its keys are ours and of this release."""

import re
from contextlib import suppress

from taskcore.adapters.redis.session import Session
from taskcore.errors import SchemaMismatch, StoreError

_OLDEST = (6, 2)


async def check(session: Session) -> None:
    """Ask the server who it is, and claim its keys where there are none.

    Raises:
        StoreUnavailable: it does not answer.
        SchemaMismatch: it is too old, or holds keys of another layout.
        StoreError: it is a cache, which may drop any key.
    """
    info = await session.info()
    version = str(info.get("redis_version", ""))
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < _OLDEST:
        raise SchemaMismatch(f"{session.server} is version {version or 'unknown'}; a store needs Redis 6.2 or newer")
    policy = str(info.get("maxmemory_policy", ""))
    if policy.startswith("allkeys") and info.get("maxmemory", 0):
        raise StoreError(
            f"{session.server} forgets tasks when its memory is full (maxmemory-policy {policy}); set it to noeviction"
        )
    before = session.place.layout_before
    if await session.ask("GET", "layout") == before:
        with suppress(SchemaMismatch):  # another process was quicker
            await session.run("upgrade", session.place.layout, layout=before)
    await session.run("open")
