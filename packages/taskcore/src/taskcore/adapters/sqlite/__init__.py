"""Stores in a SQLite file: durable, for any number of processes on one machine."""

from taskcore.adapters.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
