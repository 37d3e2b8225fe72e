"""Tasks, schedules and leases in a PostgreSQL database, 13 or newer, through asyncpg."""

from taskcore.adapters.postgres.store import PostgresStore
from taskcore.adapters.postgres.transactional import OpenTransactions

__all__ = ["OpenTransactions", "PostgresStore"]
