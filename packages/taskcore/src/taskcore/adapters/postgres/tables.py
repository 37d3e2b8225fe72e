"""The schema of a PostgreSQL store. It differs from the other SQL stores' where their form would cost this one dearly.

PostgreSQL writes a new version of a row with every change. Unless an indexed column changes, and if its page has room,
the version needs no index entries (a "HOT" update), and vacuum has nothing to do for it. So what changes while a task
runs stands in no index:

- a running task has a row in ``leases``, which is narrow and short-lived; renewing touches no indexed column;
- ``ready`` tells who waits for a worker, and only a claim and a return to the queue change it;
- ``state`` is in no index. ``rare`` repeats it for the endings that people look for, so a success never writes it.

Instants are microseconds since 1970 in UTC, durations are microseconds. Ids and names compare byte by byte.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TextClause,
    text,
)
from sqlalchemy.sql.elements import ColumnElement

_BUSY = {
    # Bounded by what changed, not by the size of the table; a queue must be cleaned while it is small.
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_cost_delay": "0",
    "autovacuum_analyze_scale_factor": "0.05",
}

_PASSING = {
    # Its rows are read all together, and most of them are dead: some hundred live between two cleanings.
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_cost_delay": "0",
}

_BLOCKS = {"pages_per_range": 32, "autosummarize": True}


def tables(prefix: str) -> MetaData:
    """The metadata of a store whose tables begin with ``prefix``."""
    metadata = MetaData()
    _tasks(metadata, prefix)
    _leases(metadata, prefix)
    _attempts(metadata, prefix)
    _logs(metadata, prefix)
    _schedules(metadata, prefix)
    _fires(metadata, prefix)
    _queues(metadata, prefix)
    _leaders(metadata, prefix)
    _statistics(metadata, prefix)
    _workers(metadata, prefix)
    _counts(metadata, prefix)
    return metadata


def storage_parameters(prefix: str) -> dict[str, dict[str, str]]:
    """Table -> its storage parameters: room on each page for the versions to come, and quick cleaning."""
    busy, written_over = _BUSY | {"fillfactor": "50"}, {"fillfactor": "50"}
    return {
        f"{prefix}_tasks": busy,
        f"{prefix}_leases": busy,
        f"{prefix}_statistics": written_over,
        f"{prefix}_workers": written_over,
        f"{prefix}_counts": _PASSING,
    }


def _text(name: str, *, primary_key: bool = False, nullable: bool = True) -> Column[str]:
    return Column(name, Text(collation="C"), primary_key=primary_key, nullable=nullable and not primary_key)


def _tasks(metadata: MetaData, prefix: str) -> None:
    tasks = Table(
        f"{prefix}_tasks",
        metadata,
        _text("id", primary_key=True),
        Column("state", Text, nullable=False, server_default=text("'pending'")),
        Column("rare", Text),
        # 1: due and waiting for a worker, 0: pending for a later instant, NULL: not pending.
        Column("ready", SmallInteger),
        _text("queue", nullable=False),
        _text("name", nullable=False),
        Column("priority", Integer, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("run_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("timeout", BigInteger),
        Column("attempt", Integer, nullable=False, server_default=text("0")),
        Column("failures", Integer, nullable=False, server_default=text("0")),
        Column("losses", Integer, nullable=False, server_default=text("0")),
        Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
        _text("worker"),
        Column("started_at", BigInteger),
        Column("finished_at", BigInteger),
        _text("idempotency_key"),
        _text("schedule"),
        _text("concurrency_key"),
        Column("concurrency_limit", Integer, nullable=False, server_default=text("1")),
        Column("progress", Double),
        Column("version", Text),
        Column("retry", Text),
        Column("progress_note", Text),
        Column("payload", Text, nullable=False),
        Column("meta", Text),
        Column("result", Text),
        Column("error", Text),
        Column("trace", Text),
    )
    c = tasks.c
    # Negated, so that all goes upwards: only then can a walk begin at any place of the index.
    _partial(tasks, "ready", c.queue, text("(-priority)"), c.run_at, c.id, where="ready = 1")
    # With what counting asks of tasks of a later instant, and what does not change while they wait.
    _partial(tasks, "waiting", c.run_at, where="ready = 0", include=("queue", "attempt"))
    _partial(tasks, "expiring", c.expires_at, where="expires_at IS NOT NULL AND ready IS NOT NULL")
    # Tells retention which pages hold nothing old enough; a block index costs writers next to nothing.
    Index(f"{tasks.name}_age", c.created_at, postgresql_using="brin", postgresql_with=_BLOCKS)
    _partial(tasks, "rare", c.rare, c.id, where="rare IS NOT NULL")
    _partial(tasks, "stopping", c.worker, where="cancel_requested")
    _partial(tasks, "schedule", c.schedule, c.id, where="schedule IS NOT NULL")
    _partial(tasks, "key", c.idempotency_key, where="idempotency_key IS NOT NULL", unique=True)


def _partial(
    table: Table,
    name: str,
    *columns: ColumnElement[object] | TextClause,
    where: str,
    unique: bool = False,
    include: tuple[str, ...] = (),
) -> None:
    Index(f"{table.name}_{name}", *columns, unique=unique, postgresql_where=text(where), postgresql_include=include)


def _leases(metadata: MetaData, prefix: str) -> None:
    """One row for each RUNNING task. A slot of a limited queue or key is a number that no other lease of it has."""
    leases = Table(
        f"{prefix}_leases",
        metadata,
        _text("task", primary_key=True),
        Column("attempt", Integer, nullable=False),
        _text("worker", nullable=False),
        Column("lease_until", BigInteger, nullable=False),
        _text("queue", nullable=False),
        _text("concurrency_key"),
        Column("queue_slot", Integer),
        Column("key_slot", Integer),
    )
    c = leases.c
    _partial(leases, "queue_slot", c.queue, c.queue_slot, where="queue_slot IS NOT NULL", unique=True)
    _partial(leases, "key_slot", c.concurrency_key, c.key_slot, where="concurrency_key IS NOT NULL", unique=True)


def _attempts(metadata: MetaData, prefix: str) -> None:
    """Attempts that the task's own row tells nothing of any more; most tasks have none."""
    Table(
        f"{prefix}_attempts",
        metadata,
        _text("task", primary_key=True),
        Column("number", Integer, primary_key=True, nullable=False),
        _text("worker", nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger),
        Column("ended", Text),
        Column("version", Text),
        Column("result", Text),
        Column("error", Text),
    )


def _logs(metadata: MetaData, prefix: str) -> None:
    logs = Table(
        f"{prefix}_logs",
        metadata,
        Column("line", BigInteger, Identity(), primary_key=True, nullable=False),
        _text("task", nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("level", Text, nullable=False),
        Column("message", Text, nullable=False),
    )
    Index(f"{logs.name}_task", logs.c.task, logs.c.line)


def _schedules(metadata: MetaData, prefix: str) -> None:
    schedules = Table(
        f"{prefix}_schedules",
        metadata,
        # A new one with every write, never used again, not even for a schedule that is removed and added anew.
        Column("version", BigInteger, Identity(), primary_key=True, nullable=False),
        _text("id", nullable=False),
        Column("spec", Text, nullable=False),
        Column("paused", Boolean, nullable=False),
        Column("cursor", BigInteger, nullable=False),
        Column("next_at", BigInteger),
    )
    Index(f"{schedules.name}_id", schedules.c.id, unique=True)
    _partial(schedules, "due", schedules.c.next_at, where="NOT paused AND next_at IS NOT NULL")


def _fires(metadata: MetaData, prefix: str) -> None:
    fires = Table(
        f"{prefix}_fires",
        metadata,
        Column("fire", BigInteger, Identity(), primary_key=True, nullable=False),
        _text("schedule", nullable=False),
        Column("instant", BigInteger, nullable=False),
        Column("last", BigInteger, nullable=False),
        Column("count", Integer, nullable=False),
        _text("task"),
        Column("skipped", Text),
    )
    Index(f"{fires.name}_schedule", fires.c.schedule, fires.c.fire)


def _queues(metadata: MetaData, prefix: str) -> None:
    """Queues that are, or once were, held back."""
    Table(
        f"{prefix}_queues",
        metadata,
        _text("name", primary_key=True),
        Column("paused", Boolean, nullable=False, server_default=text("false")),
        Column("concurrency", Integer),
    )


def _leaders(metadata: MetaData, prefix: str) -> None:
    Table(
        f"{prefix}_leaders",
        metadata,
        _text("name", primary_key=True),
        Column("holder", Text, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
    )


def _statistics(metadata: MetaData, prefix: str) -> None:
    """How often something happened in the span that begins at an instant."""
    Table(
        f"{prefix}_statistics",
        metadata,
        Column("span", BigInteger, primary_key=True, nullable=False),
        Column("at", BigInteger, primary_key=True, nullable=False),
        _text("queue", primary_key=True),
        _text("name", primary_key=True),
        _text("what", primary_key=True),
        Column("count", BigInteger, nullable=False),
    )


def _workers(metadata: MetaData, prefix: str) -> None:
    """What each worker said last; nothing that matters for tasks."""
    Table(
        f"{prefix}_workers",
        metadata,
        _text("id", primary_key=True),
        Column("info", Text, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )


def _counts(metadata: MetaData, prefix: str) -> None:
    """Changes of the numbers of tasks; ``counting`` tells more. Without a key, as nobody looks for one of them."""
    Table(
        f"{prefix}_counts",
        metadata,
        _text("queue", nullable=False),
        Column("kind", Text, nullable=False),
        Column("change", BigInteger, nullable=False),
    )
