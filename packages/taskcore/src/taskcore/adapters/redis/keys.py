"""All keys of a store, for those who want to count or to remove them. ``docs/redis-keys.md`` tells what each holds."""

from redis.asyncio import Redis

CONSTANTS = frozenset({"layout", "number", "lines", "version"})
"""One key each, without the prefix, that stays when everything else was removed: the layout and three counters."""


async def stored_keys(url: str, prefix: str, within: str = "") -> list[str]:
    """The names of all keys of the store ``prefix``, without what they begin with."""
    base = _base(prefix, within)
    async with Redis.from_url(url, decode_responses=True) as client:
        return sorted([key.removeprefix(base) async for key in client.scan_iter(f"{base}*", count=10_000)])


async def remove_keys(url: str, prefix: str, within: str = "") -> None:
    """Remove every key of the store ``prefix``; nobody may be using it."""
    base, names = _base(prefix, within), await stored_keys(url, prefix, within)
    async with Redis.from_url(url) as client:
        for first in range(0, len(names), 1000):
            await client.unlink(*[base + name for name in names[first : first + 1000]])


def _base(prefix: str, within: str) -> str:
    return f"{within}{{{prefix}}}:"
