"""What a database holds, found out without changing it: before tables are made, and when something is odd."""

# ruff: noqa: S608 - statements are put together from constants alone
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskcore.auth.text import MAX_USER_NAME, clean

from lapinq.schema.install import LATEST
from lapinq.schema.names import BACKUP, CORE, SCHEDULED, WEBHOOKS_DUE
from lapinq.schema.takeover import free_name

_IS_TABLE = "SELECT count(*) FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')"
_SIZES = """
SELECT c.relname::text AS name, pg_total_relation_size(c.oid) AS bytes, greatest(c.reltuples, 0)::bigint AS rows
FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND c.relname LIKE 'lapinq\\_%'
    AND c.relnamespace = (SELECT current_schema()::regnamespace) ORDER BY 2 DESC, 1"""
# Whole rows as JSON, since earlier releases had fewer columns.
_AT_WORK = """
SELECT count(DISTINCT worker_id) FROM lapinq_tasks AS t
WHERE status = 'running' AND (to_jsonb(t) ->> 'last_heartbeat')::timestamptz > now() - interval '2 minutes'"""

_BROKEN_INDEXES = """
SELECT c.relname::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE c.relname LIKE 'lapinq\\_%' AND NOT (i.indisvalid AND i.indisready) ORDER BY 1"""
_TRIGGER = "SELECT count(*) FROM pg_trigger WHERE tgname = $1 AND tgenabled <> 'D'"
_UNLEASED = f"""
SELECT count(*) FROM {CORE}_tasks AS t
WHERE t.state = 'running' AND NOT EXISTS (SELECT FROM {CORE}_leases AS l WHERE l.task = t.id)"""
_IDLE_LEASES = f"""
SELECT count(*) FROM {CORE}_leases AS l
WHERE NOT EXISTS (SELECT FROM {CORE}_tasks AS t WHERE t.id = l.task AND t.state = 'running')"""
# Sums of changes, and what they should be; of one instant, as one statement sees it.
_MISCOUNTED = f"""
WITH told AS (SELECT queue, sum(change) AS number FROM {CORE}_counts GROUP BY 1),
    there AS (SELECT queue, count(*) AS number FROM {CORE}_tasks WHERE state <> 'running' GROUP BY 1)
SELECT coalesce(told.queue, there.queue) FROM told FULL JOIN there USING (queue)
WHERE coalesce(told.number, 0) <> coalesce(there.number, 0) ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Tables that come and change together. ``found`` is None where there are none."""

    name: str
    found: str | None
    wanted: str

    @property
    def state(self) -> str:
        """ "current", "missing", "old", or "later" than this release."""
        if self.found == self.wanted:
            return "current"
        if self.found is None:
            return "missing"
        return "later" if self.found.zfill(9) > self.wanted.zfill(9) else "old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What the public release left that is not taken over yet.

    Attributes:
        tasks: how many have each status.
        renamed: users whose names others have too, in other letters, and the names that they get.
        schedules: rows, which stay where they are.
        workers: that gave a sign of life a moment ago: while they run they would go on in tables that are gone.
    """

    tasks: Mapping[str, int]
    users: int
    renamed: Mapping[str, str]
    schedules: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, how many bytes it takes with all that belongs to it, and how many rows PostgreSQL believes it has."""

    name: str
    bytes: int
    rows: int

    @property
    def is_backup(self) -> bool:
        """Whether it is what the public release left, after it was taken over."""
        return self.name.startswith(BACKUP)


async def parts(connection: Any, revisions: Mapping[str, tuple[str, str]]) -> Sequence[Part]:
    """What is there, and what this release works with.

    Args:
        revisions: of the core's tables: by prefix, the table that notes their revision, and the last one.
    """
    own = await _revision(connection, "lapinq_schema_version", "max(version)")
    found = [Part(name="lapinq", found=own, wanted=str(LATEST))]
    for name, (table, wanted) in revisions.items():
        found.append(Part(name=name, found=await _revision(connection, table, "max(version_num)"), wanted=wanted))
    return found


async def former(connection: Any) -> Former | None:
    """None where the public release left nothing, or all is taken over."""
    has_tasks, has_users, has_schedules = [
        await _is_table(connection, name) for name in ("lapinq_tasks", "lapinq_users", SCHEDULED)
    ]
    if not (has_tasks or has_users):
        return None
    tasks = await connection.fetch("SELECT status, count(*) FROM lapinq_tasks GROUP BY 1") if has_tasks else []
    names = await connection.fetch("SELECT username FROM lapinq_users ORDER BY created_at, id") if has_users else []
    return Former(
        tasks={status: int(number) for status, number in tasks},
        users=len(names),
        renamed=_renamed([name for (name,) in names]),
        schedules=int(await connection.fetchval(f"SELECT count(*) FROM {SCHEDULED}")) if has_schedules else 0,
        workers=int(await connection.fetchval(_AT_WORK)) if has_tasks else 0,
    )


async def tables(connection: Any) -> Sequence[Table]:
    """The largest first."""
    return [Table(**dict(row)) for row in await connection.fetch(_SIZES)]


async def oddities(connection: Any) -> Sequence[tuple[str, str, str]]:
    """What should not be: the check, "ok", "warning" or "failed", and the finding. The tables are there."""
    broken = [name for (name,) in await connection.fetch(_BROKEN_INDEXES)]
    has_trigger = await connection.fetchval(_TRIGGER, WEBHOOKS_DUE)
    miscounted = [queue for (queue,) in await connection.fetch(_MISCOUNTED)]
    unleased, idle = await connection.fetchval(_UNLEASED), await connection.fetchval(_IDLE_LEASES)
    return [
        ("indexes", "failed" if broken else "ok", f"REINDEX these: {', '.join(broken)}" if broken else "are valid"),
        ("webhooks", *(("ok", "ends of tasks are noted") if has_trigger else ("failed", _GONE))),
        ("counts", *(("warning", f"differ in {', '.join(miscounted)}") if miscounted else ("ok", "are right"))),
        ("running", "failed" if unleased else "ok", f"{unleased} running tasks that nobody holds"),
        ("leases", "warning" if idle else "ok", f"{idle} leases of tasks that do not run"),
    ]


_GONE = "the trigger that notes the ends of tasks is gone or disabled: no webhook is sent"


def _renamed(names: Sequence[str]) -> Mapping[str, str]:
    taken = set[str]()
    found = {name: free_name(clean(name, MAX_USER_NAME), taken) for name in names}
    return {name: given for name, given in found.items() if name != given}


async def _revision(connection: Any, table: str, column: str) -> str | None:
    found = await connection.fetchval(f"SELECT {column} FROM {table}") if await _is_table(connection, table) else None
    return None if found is None else str(found)


async def _is_table(connection: Any, name: str) -> bool:
    return bool(await connection.fetchval(_IS_TABLE, name))
