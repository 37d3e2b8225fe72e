"""Where jobs are kept."""

import os

from taskcore.errors import MissingExtra

from taskmq.settings import Settings
from taskmq.storage.base import QueueBackend
from taskmq.storage.sqlite_backend import SQLiteBackend

__all__ = ["SQLiteBackend", "get_backend", "settings_now"]


def settings_now() -> Settings:
    """What the environment says now.

    Raises:
        InvalidInput: ``TASKMQ_BACKEND`` names no backend.
    """
    return Settings.from_env(os.environ)


def get_backend(settings: Settings | None = None) -> QueueBackend:
    """A new backend for these settings, by default those of the environment as it is now.

    Raises:
        InvalidInput: ``TASKMQ_BACKEND`` names no backend.
        MissingExtra: it is "redis", which this release does not have yet.
        StoreUnavailable: the file cannot be opened.
    """
    settings = settings or settings_now()
    if settings.backend == "redis":
        raise MissingExtra("the Redis backend comes with a later release; use sqlite, or unset TASKMQ_BACKEND")
    return SQLiteBackend(settings.db_path)
