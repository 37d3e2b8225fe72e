"""The end of attempts in SQL, and the columns of settlements that it takes.

The fence is the row of the task: who changes it ends the attempt, and everybody after that comes too late. A reaper has
to win the lease first, against its renewal.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Sequence

from taskcore.adapters.postgres.arrays import sparse, uniform, uniform_sql
from taskcore.adapters.postgres.counting import AT_REST, WAITING, changed, more
from taskcore.adapters.postgres.statements import CLOCK, RARE_STATES
from taskcore.adapters.postgres.tasks import storable
from taskcore.adapters.sql.rows import BACK, LATEST, micros
from taskcore.clock import to_micros
from taskcore.models import Settlement
from taskcore.models.task import KEPT_ATTEMPTS
from taskcore.states import Event, TaskState, move

# A batch names each attempt at most once.
_ENDS = f"""ends AS MATERIALIZED (
    SELECT task, {uniform_sql("attempt", "$3::integer[]")} AS attempt, {uniform_sql("worker", "$4::text[]")} AS worker,
        {uniform_sql("event", "$5::text[]")} AS event, {uniform_sql("state", "$6::text[]")} AS state,
        started_at, finished_at, result, error, version, delay, run_at, n
    FROM unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
        $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[]) WITH ORDINALITY
        AS e (task, attempt, worker, event, state, started_at, finished_at, result, error, version, delay, run_at, n)
)"""

_BY_WORKER = f"{_ENDS}, ended AS (SELECT e.*, now FROM ends AS e, clock)"

# A renewal that comes at the same time is waited for, and counts.
_BY_REAPER = f"""{_ENDS},
held AS MATERIALIZED (SELECT FROM {{p}}_tasks WHERE id = ANY($2::text[]) ORDER BY id FOR UPDATE),
ended AS (
    DELETE FROM {{p}}_leases AS l USING ends AS e, clock
    WHERE (SELECT count(*) FROM held) >= 0
        AND l.task = e.task AND l.attempt = e.attempt AND l.worker = e.worker AND l.lease_until <= now
    RETURNING e.*, now)"""

_FENCE = "t.id = e.task AND t.state = 'running' AND t.attempt = e.attempt AND t.worker = e.worker"

# Run when all else is done, since nothing reads it. A claim may wait for the slot of a lease that is being deleted,
# and holds tasks that it passed over: who deletes leases must not be waiting for a task.
_FREED = "freed AS (DELETE FROM {p}_leases AS l USING settled AS s WHERE l.task = s.id)"

_OUTCOME = """state = e.state,
        started_at = coalesce(e.started_at, t.started_at),
        finished_at = coalesce(e.finished_at, e.now),
        error = e.error,
        version = e.version"""

# Beside what each ending needs anyway this writes ``rare``, so that a success changes no indexed column.
_REST = f"""settled AS (
    UPDATE {{p}}_tasks AS t SET {_OUTCOME},
        rare = CASE WHEN e.state IN ({RARE_STATES}) THEN e.state END,
        failures = CASE e.event WHEN 'fail' THEN t.failures + 1 ELSE t.failures END,
        result = CASE e.event WHEN 'succeed' THEN e.result ELSE t.result END
    FROM ended AS e WHERE {_FENCE}
    RETURNING t.id, e.n, t.queue, t.state, t.concurrency_key),
{_FREED},
counted_at_rest AS ({changed(more(AT_REST, "settled"))}),
told AS (
    SELECT pg_notify('{{p}}_work', '') FROM settled
    WHERE concurrency_key IS NOT NULL
        OR queue = ANY(ARRAY(SELECT name FROM {{p}}_queues WHERE concurrency IS NOT NULL)) LIMIT 1)"""

ENDS = f"{_BY_WORKER}, {_REST}"
"""Parts of a statement that bring tasks to rest, and tell of slots that became free."""

# $14 names all tasks of a batch of which a second statement brings some to rest: that one must not wait any more.
_BACK = f"""tasks_held AS MATERIALIZED (SELECT FROM {{p}}_tasks WHERE id = ANY($14::text[]) ORDER BY id FOR UPDATE),
leases_held AS MATERIALIZED (
    SELECT FROM {{p}}_leases WHERE task = ANY($14::text[]) AND (SELECT count(*) FROM tasks_held) >= 0
    ORDER BY task FOR UPDATE),
due AS (
    SELECT *, coalesce(run_at, least(now + delay, {LATEST}), now) AS due
    FROM ended WHERE (SELECT count(*) FROM leases_held) >= 0),
settled AS (
    UPDATE {{p}}_tasks AS t SET {_OUTCOME},
        ready = (e.due <= e.now)::integer,
        run_at = CASE WHEN coalesce(e.run_at, e.delay) IS NULL THEN t.run_at ELSE e.due END,
        failures = CASE e.event WHEN 'retry' THEN t.failures + 1 WHEN 'repeat' THEN 0 ELSE t.failures END,
        losses = CASE e.event WHEN 'lose' THEN t.losses + 1 WHEN 'repeat' THEN 0 ELSE t.losses END,
        result = CASE e.event WHEN 'repeat' THEN e.result ELSE t.result END
    FROM due AS e WHERE {_FENCE}
    RETURNING e.n, e.event, t.id, t.queue, t.attempt, t.worker, t.started_at, t.finished_at, t.result, t.error,
        t.version),
{_FREED},
counted AS ({changed(more(WAITING, "settled"))}),
kept AS (
    INSERT INTO {{p}}_attempts (task, number, worker, started_at, finished_at, ended, result, error, version)
    SELECT id, attempt, worker, started_at, finished_at, event, CASE event WHEN 'repeat' THEN result END, error, version
    FROM settled
    ON CONFLICT DO NOTHING),
forgotten AS (
    DELETE FROM {{p}}_attempts AS a USING settled AS s
    WHERE s.attempt % {KEPT_ATTEMPTS} = 0 AND a.task = s.id AND a.number <= s.attempt - {KEPT_ATTEMPTS}),
told AS (SELECT pg_notify('{{p}}_work', '') FROM settled LIMIT 1)"""

# Nearly always all are stored, and then their numbers need not travel.
STORED = """CASE WHEN (SELECT count(*) FROM settled) < cardinality($2::text[])
    THEN (SELECT coalesce(array_agg(n), '{}') FROM settled) END, (SELECT count(*) FROM told)"""
"""What such a statement answers: the ordinals of what was stored, or NULL for all of it."""

REST = f"WITH {CLOCK}, {ENDS} SELECT {STORED}"
"""Brings tasks to rest."""
BACK_TO_QUEUE = f"WITH {CLOCK}, {_BY_WORKER}, {_BACK} SELECT {STORED}"
"""Gives tasks back to their queues, and keeps the attempts that end."""
OVERDUE_REST = f"WITH {CLOCK}, {_BY_REAPER}, {_REST} SELECT {STORED}"
OVERDUE_BACK = f"WITH {CLOCK}, {_BY_REAPER}, {_BACK} SELECT {STORED}"
"""The same for a reaper: only where the lease has run out."""


def ending_columns(settlements: Sequence[Settlement]) -> list[Sequence[object]]:
    """The arrays of ``ENDS``.

    Raises:
        IllegalMove: an event that no running task has.
    """
    return [
        storable([s.fence.task for s in settlements]),
        uniform([s.fence.attempt for s in settlements]),
        uniform([s.fence.worker for s in settlements]),
        uniform([s.event.value for s in settlements]),
        uniform([move(TaskState.RUNNING, s.event).value for s in settlements]),
        sparse([s.started_at and to_micros(s.started_at) for s in settlements]),
        sparse([s.finished_at and to_micros(s.finished_at) for s in settlements]),
        sparse([s.result for s in settlements]),
        sparse([s.error and s.error.dump() for s in settlements]),
        sparse([s.version for s in settlements]),
        sparse([_delay(s) for s in settlements]),
        sparse([to_micros(s.run_at) if s.run_at and s.event is Event.REPEAT else None for s in settlements]),
    ]


def _delay(settlement: Settlement) -> int | None:
    if settlement.event not in BACK or settlement.event is Event.REPEAT:
        return None
    return min(micros(settlement.delay), LATEST)
