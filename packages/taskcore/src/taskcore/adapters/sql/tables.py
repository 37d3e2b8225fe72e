"""The schema: the one place that says which tables, columns and indexes a SQL store has.

A file of SQLite has partial indexes; servers of which some know none have indexes that begin with what is asked for.
Instants are microseconds since 1970 in UTC, durations are microseconds, payloads, results and errors are text as
``taskcore.models`` hands it over. Booleans are 0 and 1.
"""

from sqlalchemy import BigInteger, Column, Computed, Float, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.elements import ColumnElement

from taskcore.ids import MAX_ID, IdScheme
from taskcore.models.task import MAX_NAME, MAX_TRACE

STATE = 16
GATES = 32
"""How many rows there are to queue up at, for those who count the running tasks of a key."""

# What MySQL calls TEXT ends at 64 kB, and its FLOAT has 24 bits.
LONG = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
REAL = Float().with_variant(mysql.DOUBLE(), "mysql", "mariadb")
COUNTER = BigInteger().with_variant(Integer, "sqlite")


def tables(prefix: str, ids: IdScheme) -> MetaData:
    """The metadata of a store in a file of SQLite, whose tables begin with ``prefix``."""
    metadata = MetaData()
    _partial_indexes(_tasks(metadata, prefix, ids))
    _others(metadata, prefix, ids)
    _notes(metadata, prefix)
    return metadata


def server_tables(prefix: str) -> MetaData:
    """The metadata of a store on a server."""
    metadata = MetaData()
    tasks = _tasks(metadata, prefix, IdScheme.TIME_SORTED)
    # What claims are ordered by: not every server has indexes that descend.
    tasks.append_column(Column("urgency", Integer, Computed("-priority", persisted=True)))
    _plain_indexes(tasks)
    _others(metadata, prefix, IdScheme.TIME_SORTED)
    Table(f"{prefix}_gates", metadata, Column("gate", Integer, primary_key=True, autoincrement=False, nullable=False))
    return metadata


def _others(metadata: MetaData, prefix: str, ids: IdScheme) -> None:
    _attempts(metadata, prefix, ids)
    _logs(metadata, prefix, ids)
    _schedules(metadata, prefix)
    _fires(metadata, prefix, ids)
    _leaders(metadata, prefix)
    _controls(metadata, prefix)
    _statistics(metadata, prefix)
    _workers(metadata, prefix)


def _id(name: str, ids: IdScheme, *, primary_key: bool = False, nullable: bool = False) -> Column[object]:
    kind = Integer() if ids is IdScheme.NUMBERED else String(MAX_ID)
    return Column(name, kind, primary_key=primary_key, nullable=nullable)


def _tasks(metadata: MetaData, prefix: str, ids: IdScheme) -> Table:
    return Table(
        f"{prefix}_tasks",
        metadata,
        _id("id", ids, primary_key=True),
        Column("state", String(STATE), nullable=False, server_default=text("'pending'")),
        # 1: due and waiting for a worker, 0: pending for a later instant, NULL: not pending. It spares the claim every
        # row that is not due, and keeps ``state`` out of the indexes that each step of a task would have to maintain.
        Column("ready", Integer),
        Column("queue", String(MAX_NAME), nullable=False),
        Column("name", String(MAX_NAME), nullable=False),
        Column("priority", Integer, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("run_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("timeout", BigInteger),
        Column("attempt", Integer, nullable=False, server_default=text("0")),
        Column("failures", Integer, nullable=False, server_default=text("0")),
        Column("losses", Integer, nullable=False, server_default=text("0")),
        Column("cancel_requested", Integer, nullable=False, server_default=text("0")),
        Column("worker", String(MAX_NAME)),
        Column("lease_until", BigInteger),
        Column("started_at", BigInteger),
        Column("finished_at", BigInteger),
        Column("idempotency_key", String(MAX_NAME)),
        Column("schedule", String(MAX_NAME)),
        Column("progress", REAL),
        Column("version", LONG),
        Column("retry", LONG),
        Column("progress_note", LONG),
        # The long ones stand last, so that reading what is before them never walks their overflow pages.
        Column("payload", LONG, nullable=False),
        Column("meta", LONG),
        Column("result", LONG),
        Column("error", LONG),
        # Added later, and read from indexes by whoever looks at many rows.
        Column("concurrency_key", String(MAX_NAME)),
        Column("concurrency_limit", Integer, nullable=False, server_default=text("1")),
        Column("trace", String(MAX_TRACE)),
        sqlite_autoincrement=ids is IdScheme.NUMBERED,
    )


def _partial_indexes(tasks: Table) -> None:
    """A task is in four or five of them at any time, whatever their number.

    Where SQLite is to count by an index alone, the columns of its condition stand in it as well.
    """
    c = tasks.c
    # A claim within limits passes over tasks by what stands behind the id.
    slot = (c.expires_at, c.concurrency_key, c.concurrency_limit)
    _partial(tasks, "ready", c.queue, c.priority.desc(), c.run_at, c.id, c.ready, *slot, c.attempt, where="ready = 1")
    _partial(tasks, "waiting", c.run_at, c.queue, c.ready, c.attempt, where="ready = 0")
    _partial(tasks, "leased", c.lease_until, c.queue, where="lease_until IS NOT NULL")
    # Serves retention, a queue and a state at a time, and counts tasks at rest without reading or sorting them.
    at_rest = "ready IS NULL AND lease_until IS NULL"
    _partial(tasks, "rest", c.queue, c.state, c.finished_at, c.ready, c.lease_until, where=at_rest)
    # What people look for; "succeeded" and "pending" are most of the table, so that the primary key serves as well.
    rare = " OR ".join(f"state = '{state}'" for state in ("failed", "cancelled", "expired", "interrupted"))
    _partial(tasks, "rare", c.state, c.id, where=rare)
    # What a page asks for may be far down a walk along the ids. Both grow at the ends of few runs, which costs little.
    _index(tasks, "name", c.name)
    _index(tasks, "created", c.created_at)
    _partial(tasks, "expiring", c.expires_at, c.ready, where="expires_at IS NOT NULL AND ready IS NOT NULL")
    _partial(tasks, "stopping", c.worker, where="cancel_requested = 1")
    _partial(tasks, "schedule", c.schedule, c.id, where="schedule IS NOT NULL")
    _partial(tasks, "key", c.idempotency_key, where="idempotency_key IS NOT NULL", unique=True)
    keyed = "concurrency_key IS NOT NULL AND lease_until IS NOT NULL"
    _partial(tasks, "slots", c.concurrency_key, c.lease_until, where=keyed)


def _plain_indexes(tasks: Table) -> None:
    """Every task is in each of them."""
    c = tasks.c
    _index(tasks, "ready", c.ready, c.queue, c.urgency, c.run_at, c.id)
    _index(tasks, "waiting", c.ready, c.run_at)
    _index(tasks, "leased", c.lease_until, c.queue)
    _index(tasks, "rest", c.state, c.finished_at)
    _index(tasks, "state", c.state, c.id, c.queue)
    _index(tasks, "expiring", c.ready, c.expires_at)
    _index(tasks, "schedule", c.schedule, c.id)
    _index(tasks, "key", c.idempotency_key, unique=True)
    _index(tasks, "slots", c.concurrency_key, c.lease_until)


def _index(table: Table, name: str, *columns: ColumnElement[object], unique: bool = False) -> None:
    Index(f"{table.name}_{name}", *columns, unique=unique)


def _partial(table: Table, name: str, *columns: ColumnElement[object], where: str, unique: bool = False) -> None:
    condition = text(where)
    Index(f"{table.name}_{name}", *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _attempts(metadata: MetaData, prefix: str, ids: IdScheme) -> None:
    """Attempts that the task's own row tells nothing of any more; most tasks have none."""
    Table(
        f"{prefix}_attempts",
        metadata,
        _id("task", ids, primary_key=True),
        Column("number", Integer, primary_key=True, nullable=False),
        Column("worker", String(MAX_NAME), nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger),
        Column("ended", String(STATE)),
        Column("version", LONG),
        Column("result", LONG),
        Column("error", LONG),
        sqlite_with_rowid=False,
    )


def _logs(metadata: MetaData, prefix: str, ids: IdScheme) -> None:
    logs = Table(
        f"{prefix}_logs",
        metadata,
        Column("line", COUNTER, primary_key=True, nullable=False),
        _id("task", ids),
        Column("attempt", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("level", LONG, nullable=False),
        Column("message", LONG, nullable=False),
    )
    Index(f"{logs.name}_task", logs.c.task, logs.c.line)


def _schedules(metadata: MetaData, prefix: str) -> None:
    schedules = Table(
        f"{prefix}_schedules",
        metadata,
        # A new one with every write, never used again, not even for a schedule that is removed and added anew.
        Column("version", COUNTER, primary_key=True, nullable=False),
        Column("id", String(MAX_NAME), nullable=False),
        Column("spec", LONG, nullable=False),
        Column("paused", Integer, nullable=False),
        Column("cursor", BigInteger, nullable=False),
        Column("next_at", BigInteger),
        sqlite_autoincrement=True,
    )
    Index(f"{schedules.name}_id", schedules.c.id, unique=True)
    _partial(schedules, "due", schedules.c.next_at, where="paused = 0 AND next_at IS NOT NULL")


def _fires(metadata: MetaData, prefix: str, ids: IdScheme) -> None:
    fires = Table(
        f"{prefix}_fires",
        metadata,
        Column("fire", COUNTER, primary_key=True, nullable=False),
        Column("schedule", String(MAX_NAME), nullable=False),
        Column("instant", BigInteger, nullable=False),
        Column("last", BigInteger, nullable=False),
        Column("count", Integer, nullable=False),
        _id("task", ids, nullable=True),
        Column("skipped", LONG),
    )
    Index(f"{fires.name}_schedule", fires.c.schedule, fires.c.fire)


def _leaders(metadata: MetaData, prefix: str) -> None:
    Table(
        f"{prefix}_leaders",
        metadata,
        Column("name", String(MAX_NAME), primary_key=True, nullable=False),
        Column("holder", LONG, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("until", BigInteger, nullable=False),
    )


def _controls(metadata: MetaData, prefix: str) -> None:
    Table(
        f"{prefix}_controls",
        metadata,
        Column("queue", String(MAX_NAME), primary_key=True, nullable=False),
        Column("paused", Integer, nullable=False, server_default=text("0")),
        Column("concurrency", Integer),
    )


def _statistics(metadata: MetaData, prefix: str) -> None:
    """How often something happened in the span that begins at an instant."""
    Table(
        f"{prefix}_statistics",
        metadata,
        Column("span", BigInteger, primary_key=True, autoincrement=False, nullable=False),
        Column("at", BigInteger, primary_key=True, autoincrement=False, nullable=False),
        Column("queue", String(MAX_NAME), primary_key=True, nullable=False),
        Column("name", String(MAX_NAME), primary_key=True, nullable=False),
        Column("what", String(MAX_NAME), primary_key=True, nullable=False),
        Column("count", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _workers(metadata: MetaData, prefix: str) -> None:
    """What each worker said last; nothing that matters for tasks."""
    Table(
        f"{prefix}_workers",
        metadata,
        Column("id", String(MAX_NAME), primary_key=True, nullable=False),
        Column("info", LONG, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )


def _notes(metadata: MetaData, prefix: str) -> None:
    """Short texts that processes agree on."""
    Table(
        f"{prefix}_notes",
        metadata,
        Column("name", String(MAX_NAME), primary_key=True, nullable=False),
        Column("text", Text, nullable=False),
        Column("until", BigInteger, nullable=False),
    )
