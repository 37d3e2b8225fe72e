"""Which queue this process works on, read once at the edge: option, else environment, else default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from taskcore.errors import InvalidInput

from taskmq.environment import secret_value

BACKENDS = ("sqlite", "redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the jobs are.

    Attributes:
        db_path: the SQLite file; a relative one begins at the working directory.
        redis_prefix: begins the names of all keys; queues of different prefixes share a Redis server.

    Raises:
        InvalidInput: no such backend.
    """

    backend: str = "sqlite"
    db_path: str = "taskmq.db"
    redis_url: str = "redis://localhost:6379/0"
    redis_prefix: str = "taskmq:"

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise InvalidInput(f"TASKMQ_BACKEND must be {' or '.join(BACKENDS)}, got {self.backend!r}")

    @classmethod
    def of_url(cls, url: str, *, redis_prefix: str | None = None) -> Self:
        """The queue that a URL names.

        Args:
            url: ``sqlite:///taskmq.db`` is a file in the working directory, ``sqlite:////var/lib/taskmq.db`` and
                ``sqlite:///var/lib/taskmq.db`` are absolute; else as ``RedisBackend`` takes it.

        Raises:
            InvalidInput: it names no queue. What it is does not show, as it may hold a password.
        """
        scheme, _, rest = url.partition("://")
        if scheme == "sqlite" and rest.strip("/"):
            inside = rest.strip("/").count("/") == 0 and not rest.startswith("//")
            return cls(backend="sqlite", db_path=rest.lstrip("/") if inside else f"/{rest.lstrip('/')}")
        if scheme in {"redis", "rediss", "unix"}:
            return cls(backend="redis", redis_url=url, redis_prefix=redis_prefix or cls().redis_prefix)
        raise InvalidInput("a queue is sqlite:///path/to/taskmq.db, redis://host:6379/0, rediss://... or unix://...")

    @classmethod
    def from_env(
        cls,
        env: Mapping[str, str],
        *,
        backend: str | None = None,
        db_path: str | None = None,
        redis_url: str | None = None,
        redis_prefix: str | None = None,
    ) -> Self:
        """From ``TASKMQ_BACKEND``, ``TASKMQ_DB_PATH``, ``TASKMQ_REDIS_URL`` and ``TASKMQ_REDIS_PREFIX``; options win.

        A variable that is empty counts as unset. ``TASKMQ_REDIS_URL_FILE`` names a file that has the URL.

        Raises:
            InvalidInput: no such backend, or the file cannot be read.
        """
        defaults = cls()
        return cls(
            backend=backend or env.get("TASKMQ_BACKEND") or defaults.backend,
            db_path=db_path or env.get("TASKMQ_DB_PATH") or defaults.db_path,
            redis_url=redis_url or secret_value(env, "TASKMQ_REDIS_URL") or defaults.redis_url,
            redis_prefix=redis_prefix or env.get("TASKMQ_REDIS_PREFIX") or defaults.redis_prefix,
        )
