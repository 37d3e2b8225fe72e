"""Where jobs are kept."""

import os

from taskmq.settings import Settings
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.storage.store_backend import StoreBackend

__all__ = ["SQLiteBackend", "get_backend", "settings_now"]


def settings_now() -> Settings:
    """What the environment says now.

    Raises:
        InvalidInput: ``TASKMQ_BACKEND`` names no backend.
    """
    return Settings.from_env(os.environ)


def get_backend(settings: Settings | None = None) -> StoreBackend:
    """A new backend for these settings, by default those of the environment as it is now.

    Raises:
        InvalidInput: ``TASKMQ_BACKEND`` names no backend.
        MissingExtra: it is "redis", and the extra of that name is not installed.
        StoreUnavailable: the file cannot be opened. A server is asked when it is first needed.
    """
    settings = settings or settings_now()
    if settings.backend == "redis":
        from taskmq.storage.redis_backend import RedisBackend  # redis-py is an extra, and takes long to load

        backend = RedisBackend(settings.redis_url)
        backend.prefix = settings.redis_prefix
        return backend
    return SQLiteBackend(settings.db_path)
