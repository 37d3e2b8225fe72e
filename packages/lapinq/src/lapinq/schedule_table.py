"""The table ``lapinq_scheduled_tasks``: rows of schedules, which everybody may write, and who follows them.

Documents of a row are text. Every method raises ``StoreUnavailable`` when the database cannot be reached.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from lapinq.schema.names import CORE, SCHEDULED
from lapinq.tables import Tables

Row = Mapping[str, Any]
Check = Callable[[Row], object]
"""Looks at a row that nobody else can change meanwhile; what it raises keeps the row as it is."""

_COLUMNS = """
    id, queue_name, task_name, module_path, args::text, kwargs::text, cron, ttl_seconds, priority, max_retries,
    metadata::text, retry_delay, retry_backoff, webhook_url, zone, gap, fold, misfire, grace, overlap, enabled,
    created_at, last_triggered_at"""
_ALL = f"SELECT {_COLUMNS} FROM {SCHEDULED} ORDER BY created_at, id"
_ONE = f"SELECT {_COLUMNS} FROM {SCHEDULED} WHERE id = $1"
_FOR_CHANGE = f"{_ONE} FOR UPDATE"
_GIVEN = (
    "queue_name", "task_name", "module_path", "args", "kwargs", "cron", "ttl_seconds", "priority", "max_retries",
    "metadata", "retry_delay", "retry_backoff", "webhook_url", "zone", "gap", "fold", "misfire", "grace", "overlap",
    "enabled",
)  # fmt: skip
_VALUES = ", ".join(f"${place}" for place in range(1, len(_GIVEN) + 1))
_ADD = f"INSERT INTO {SCHEDULED} ({', '.join(_GIVEN)}) VALUES ({_VALUES}) RETURNING {_COLUMNS}"
_CHANGE = f"""
UPDATE {SCHEDULED} SET ({", ".join(_GIVEN)}) = ROW({_VALUES}) WHERE id = ${len(_GIVEN) + 1} RETURNING {_COLUMNS}"""
_ENABLE = f"UPDATE {SCHEDULED} SET enabled = $2 WHERE id = $1"
_REMOVE = f"DELETE FROM {SCHEDULED} WHERE id = $1"

_LEADER = f"""
SELECT holder FROM {CORE}_leaders
WHERE name = $1 AND holder <> '' AND until > (extract(epoch FROM statement_timestamp()) * 1000000)::bigint"""

_TRIGGERED = f"""
UPDATE {SCHEDULED} AS s SET last_triggered_at = 'epoch'::timestamptz + f.instant * interval '1 microsecond'
FROM {SCHEDULED} AS each CROSS JOIN LATERAL (
    SELECT instant FROM {CORE}_fires WHERE schedule = each.id::text AND task IS NOT NULL
    ORDER BY fire DESC LIMIT 1) AS f
WHERE each.id = s.id
    AND s.last_triggered_at IS DISTINCT FROM 'epoch'::timestamptz + f.instant * interval '1 microsecond'"""


class ScheduleTable:
    """The statements, each one step."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def all(self) -> Sequence[Row]:
        """The rows, the oldest first."""
        async with self._tables.transaction() as connection:
            return [dict(row) for row in await connection.fetch(_ALL)]

    async def get(self, id_: UUID) -> Row | None:
        """The row with this id, if there is one."""
        async with self._tables.transaction() as connection:
            row = await connection.fetchrow(_ONE, id_)
        return None if row is None else dict(row)

    async def add(self, values: Row) -> Row:
        """A new row."""
        async with self._tables.transaction() as connection:
            added = await connection.fetchrow(_ADD, *_given(values))
        assert added is not None  # noqa: S101 - an INSERT answers with its row
        return dict(added)

    async def change(self, id_: UUID, change: Callable[[Row], Row]) -> Row | None:
        """Replace a row by what ``change`` makes of it, who sees what others have made of it before; None when there is
        none."""
        async with self._tables.transaction() as connection:
            row = await connection.fetchrow(_FOR_CHANGE, id_)
            if row is None:
                return None
            changed = await connection.fetchrow(_CHANGE, *_given(change(dict(row))), id_)
        return None if changed is None else dict(changed)

    async def enable(self, id_: UUID, enabled: bool, check: Check) -> bool:
        """Let a row go on, or pause it, if ``check`` raises nothing about it; False when there is none."""
        return await self._do(_ENABLE, check, id_, enabled)

    async def remove(self, id_: UUID, check: Check) -> bool:
        """Remove a row, if ``check`` raises nothing about it; False when there is none."""
        return await self._do(_REMOVE, check, id_)

    async def note_triggers(self) -> None:
        """Tell in the rows when each one put a task last."""
        async with self._tables.transaction() as connection:
            await connection.execute(_TRIGGERED)

    async def leader(self, name: str) -> str | None:
        """Who leads in this; None when nobody does."""
        async with self._tables.transaction() as connection:
            holder: str | None = await connection.fetchval(_LEADER, name)
        return holder

    async def _do(self, statement: str, check: Check, id_: UUID, *values: object) -> bool:
        async with self._tables.transaction() as connection:
            row = await connection.fetchrow(_FOR_CHANGE, id_)
            if row is None:
                return False
            check(dict(row))
            await connection.execute(statement, id_, *values)
            return True


def _given(values: Row) -> list[object]:
    return [values[name] for name in _GIVEN]
