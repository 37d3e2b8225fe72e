"""Our store for a place that ``places`` gave."""

from pathlib import Path
from urllib.parse import urlsplit

from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ports import TaskStore


async def open_store(place: str) -> TaskStore:
    """Open it, with its tables."""
    match urlsplit(place).scheme:
        case "postgresql":
            return await PostgresStore.open(place)
        case "redis":
            return await RedisStore.open(place)
        case _:
            return await SQLiteStore.open(Path(place) / "core.db")
