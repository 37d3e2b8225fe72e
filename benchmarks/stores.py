"""Our store for a place that ``places`` gave."""

from pathlib import Path
from urllib.parse import urlsplit

from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import IdScheme
from taskcore.ports import TaskStore


async def open_store(place: str, ids: IdScheme = IdScheme.TIME_SORTED) -> TaskStore:
    """Open it, with its tables. ``ids`` are for those that have a choice."""
    match urlsplit(place).scheme:
        case "postgresql":
            return await PostgresStore.open(place)
        case "redis":
            return await RedisStore.open(place, ids=ids)
        case _:
            return await SQLiteStore.open(Path(place) / "core.db", ids=ids)
