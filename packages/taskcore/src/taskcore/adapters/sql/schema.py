"""The tables of one store by name, and how its dialect makes a statement keep to an index."""

from typing import Any

from sqlalchemy import Column, Select, Table, Update

from taskcore.adapters.sql.dialects import Dialect
from taskcore.adapters.sql.rows import TASK_COLUMNS
from taskcore.adapters.sql.tables import server_tables

Read = Select[*tuple[Any, ...]]
"""A query, whatever it reads."""


class Schema:
    """What statements are made of.

    Attributes:
        task: the columns that ``rows.task_of`` reads.
    """

    def __init__(self, prefix: str, dialect: Dialect) -> None:
        self._metadata = server_tables(prefix)
        self.prefix = prefix
        self.dialect = dialect
        self.tasks = self._table("tasks")
        self.attempts = self._table("attempts")
        self.logs = self._table("logs")
        self.schedules = self._table("schedules")
        self.fires = self._table("fires")
        self.leaders = self._table("leaders")
        self.controls = self._table("controls")
        self.gates = self._table("gates")
        self.statistics = self._table("statistics")
        self.workers = self._table("workers")
        self.task: list[Column[object]] = [self.tasks.c[name] for name in TASK_COLUMNS]

    def _table(self, name: str) -> Table:
        return self._metadata.tables[f"{self.prefix}_{name}"]

    def by_key(self, statement: Read, table: Table) -> Read:
        """Look at nothing but the rows of the keys that are asked for, however small the table is: a statement that
        locks waits for all that it looks at."""
        return statement.with_hint(table, self._hint(self.dialect.primary))

    def by_index(self, statement: Read, table: Table, name: str) -> Read:
        """Walk one index, whatever statistics say."""
        return statement.with_hint(table, self._hint(f"{table.name}_{name}"))

    def change_by_key(self, statement: Update, table: Table) -> Update:
        """As ``by_key``."""
        return statement.with_hint(self._hint(self.dialect.primary), table)

    def _hint(self, index: str) -> str:
        return self.dialect.force.format(index)
