"""Windows in Redis, shared by every process that has the same URL and prefix: the moving window of ``limits``."""

import time
from dataclasses import replace
from typing import Any, cast

from taskcore.errors import MissingExtra, StoreUnavailable
from taskcore.ratelimit.rate import Rate
from taskcore.ratelimit.windows import Usage

try:
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter
    from limits.errors import ConfigurationError, StorageError
except ImportError as error:
    raise MissingExtra("rate limits in Redis need the extra: pip install 'taskcore[ratelimit,redis]'") from error

PATIENCE = 0.5
"""Seconds that the server has to answer: a rate limit must not hold a request up for longer."""


class RedisWindows:
    """``Windows`` in Redis 6.2 or newer, or Valkey; each step is one script of ``limits``.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        prefix: stands before every key.
    """

    def __init__(self, url: str, *, prefix: str = "taskcore:ratelimit") -> None:
        options: dict[str, float] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
        uri = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
        try:
            self._storage = RedisStorage(
                uri, wrap_exceptions=True, implementation="redispy", key_prefix=prefix, **options
            )
        except ConfigurationError as error:
            raise MissingExtra("rate limits in Redis need redis-py: pip install 'taskcore[redis]'") from error
        self._strategy = MovingWindowRateLimiter(self._storage)

    async def take(self, key: str, rate: Rate) -> Usage:
        try:
            taken = await self._strategy.hit(_item(rate), key)
        except (StorageError, OSError) as error:
            raise _unavailable(error) from error
        return replace(await self.look(key, rate), taken=taken)

    async def look(self, key: str, rate: Rate) -> Usage:
        try:
            stats = await self._strategy.get_window_stats(_item(rate), key)
        except (StorageError, OSError) as error:
            raise _unavailable(error) from error
        count = rate.limit - stats.remaining
        return Usage(False, count, max(0.0, stats.reset_time - time.time()) if count else 0.0)

    async def clear(self, key: str, rate: Rate) -> None:
        try:
            await self._strategy.clear(_item(rate), key)
        except (StorageError, OSError) as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Close the connections; ``limits`` has no door for it."""
        await cast(Any, self._storage.bridge).storage.aclose()


def _item(rate: Rate) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rate.limit, rate.seconds)


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"Redis did not answer for a rate limit: {type(error.__cause__ or error).__name__}")
