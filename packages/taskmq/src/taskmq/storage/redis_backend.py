"""Jobs on a Redis or Valkey server, for any number of machines."""

from collections.abc import Coroutine
from typing import Any

from taskcore.auth.stores import AccountStore
from taskcore.errors import MissingExtra
from taskcore.ports import TaskStore

from taskmq.storage.store_backend import StoreBackend
from taskmq.wiring import open_redis, open_redis_accounts, redis_server

try:
    from redis import Redis
except ImportError as missing:
    raise MissingExtra("the Redis backend needs the extra: pip install 'taskmq[redis]'") from missing

REDIS_URL = "redis://localhost:6379/0"
PREFIX = "taskmq:"


class RedisBackend(StoreBackend):
    """Nothing connects before it is needed.

    Jobs that the public release of task-mq left below the same prefix are taken over then, with their ids; its keys
    stay under names that begin with ``taskmq:task_mq_backup:``.

    Args:
        redis_url: ``redis://user:password@host:6379/0``, ``rediss://...`` or ``unix:///path?db=0``.

    Raises:
        InvalidInput: the URL is none of these.
    """

    def __init__(self, redis_url: str = REDIS_URL) -> None:
        super().__init__()
        self.server = redis_server(redis_url)
        self._url = redis_url
        self._prefix = PREFIX
        self._client: Redis | None = None

    @property
    def prefix(self) -> str:
        """What the names of all keys begin with. Another prefix is another queue, from the next call on."""
        return self._prefix

    @prefix.setter
    def prefix(self, prefix: str) -> None:
        self.close()
        self._prefix = prefix

    @property
    def redis(self) -> Redis:
        """A client of the same server, which answers in bytes, for looking at the keys."""
        if self._client is None:
            self._client = Redis.from_url(self._url)
        return self._client

    def close(self) -> None:
        """Let go of the store and the client; the next use opens them again. Closing twice is fine."""
        super().close()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> Coroutine[Any, Any, TaskStore]:
        return open_redis(self._url, self._prefix)

    async def open_accounts(self) -> AccountStore:
        """The users on the same server."""
        return await open_redis_accounts(self._url, self._prefix)
