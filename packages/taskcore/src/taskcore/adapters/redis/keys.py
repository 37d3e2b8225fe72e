"""All keys of a store, for those who want to count or to remove them. ``docs/redis-keys.md`` tells what each holds."""

from redis.asyncio import Redis

CONSTANTS = frozenset({"layout", "number", "lines", "version"})
"""One key each, without the prefix, that stays when everything else was removed: the layout and three counters."""


async def stored_keys(url: str, prefix: str) -> list[str]:
    """The names of all keys of the store ``prefix``, without what they begin with."""
    base = _base(prefix)
    async with Redis.from_url(url, decode_responses=True) as client:
        return sorted([key.removeprefix(base) async for key in client.scan_iter(f"{base}*", count=10_000)])


async def remove_keys(url: str, prefix: str) -> None:
    """Remove every key of the store ``prefix``; nobody may be using it."""
    names = await stored_keys(url, prefix)
    async with Redis.from_url(url) as client:
        for first in range(0, len(names), 1000):
            await client.unlink(*[_base(prefix) + name for name in names[first : first + 1000]])


def _base(prefix: str) -> str:
    return f"{{{prefix}}}:"
