"""Tasks, schedules and leases in a PostgreSQL database, 13 or newer, through asyncpg."""

from taskcore.adapters.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
