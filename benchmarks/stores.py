"""Our store for a place that ``places`` gave."""

from pathlib import Path

from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ports import TaskStore


async def open_store(place: str) -> TaskStore:
    """Open it, with its tables."""
    return await SQLiteStore.open(Path(place) / "core.db")
