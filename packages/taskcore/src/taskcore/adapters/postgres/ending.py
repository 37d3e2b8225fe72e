"""The end of attempts in SQL, and the columns of settlements that it takes.

The fence is the row in ``leases``: who deletes it ends the attempt, and everybody after that comes too late.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Sequence

from taskcore.adapters.postgres.arrays import sparse, uniform, uniform_sql
from taskcore.adapters.postgres.statements import CLOCK, RARE_STATES
from taskcore.adapters.postgres.tasks import storable
from taskcore.adapters.sql.rows import BACK, LATEST, micros
from taskcore.clock import to_micros
from taskcore.models import Settlement
from taskcore.models.task import KEPT_ATTEMPTS
from taskcore.states import Event, TaskState, move

# A batch names each attempt at most once. $2 is the instant that the lease must not outlive; NULL is now, where a
# reaper writes.
_ENDED = f"""ends AS MATERIALIZED (
    SELECT task, {uniform_sql("attempt", "$4::integer[]")} AS attempt, {uniform_sql("worker", "$5::text[]")} AS worker,
        {uniform_sql("event", "$6::text[]")} AS event, {uniform_sql("state", "$7::text[]")} AS state,
        started_at, finished_at, result, error, version, delay, run_at, n
    FROM unnest($3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
        $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[]) WITH ORDINALITY
        AS e (task, attempt, worker, event, state, started_at, finished_at, result, error, version, delay, run_at, n)),
ended AS (
    DELETE FROM {{p}}_leases AS l USING ends AS e, clock
    WHERE l.task = e.task AND l.attempt = e.attempt AND l.worker = e.worker
        AND l.lease_until <= coalesce($2::bigint, now)
    RETURNING e.*, l.queue_slot, now)"""

_OUTCOME = """state = e.state,
        started_at = coalesce(e.started_at, t.started_at),
        finished_at = coalesce(e.finished_at, e.now),
        error = e.error,
        version = e.version"""

# Beside what each ending needs anyway this writes ``rare``, so that a success changes no indexed column.
ENDS = f"""{_ENDED},
settled AS (
    UPDATE {{p}}_tasks AS t SET {_OUTCOME},
        rare = CASE WHEN e.state IN ({RARE_STATES}) THEN e.state END,
        failures = CASE e.event WHEN 'fail' THEN t.failures + 1 ELSE t.failures END,
        result = CASE e.event WHEN 'succeed' THEN e.result ELSE t.result END
    FROM ended AS e WHERE t.id = e.task
    RETURNING e.n, e.queue_slot, t.concurrency_key),
told AS (
    SELECT pg_notify('{{p}}_work', '') FROM settled
    WHERE queue_slot IS NOT NULL OR concurrency_key IS NOT NULL LIMIT 1)"""
"""Parts of a statement that bring tasks to rest, and tell of slots that became free."""

_BACK = f"""{_ENDED},
due AS (SELECT *, coalesce(run_at, least(now + delay, {LATEST}), now) AS due FROM ended),
settled AS (
    UPDATE {{p}}_tasks AS t SET {_OUTCOME},
        ready = (e.due <= e.now)::integer,
        run_at = CASE WHEN coalesce(e.run_at, e.delay) IS NULL THEN t.run_at ELSE e.due END,
        failures = CASE e.event WHEN 'retry' THEN t.failures + 1 WHEN 'repeat' THEN 0 ELSE t.failures END,
        losses = CASE e.event WHEN 'lose' THEN t.losses + 1 WHEN 'repeat' THEN 0 ELSE t.losses END,
        result = CASE e.event WHEN 'repeat' THEN e.result ELSE t.result END
    FROM due AS e WHERE t.id = e.task
    RETURNING e.n, e.event, t.id, t.attempt, t.worker, t.started_at, t.finished_at, t.result, t.error, t.version),
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
STORED = """CASE WHEN (SELECT count(*) FROM settled) < cardinality($3::text[])
    THEN (SELECT coalesce(array_agg(n), '{}') FROM settled) END, (SELECT count(*) FROM told)"""
"""What such a statement answers: the ordinals of what was stored, or NULL for all of it."""

REST = f"WITH {CLOCK}, {ENDS} SELECT {STORED}"
"""Brings tasks to rest."""
BACK_TO_QUEUE = f"WITH {CLOCK}, {_BACK} SELECT {STORED}"
"""Gives tasks back to their queues, and keeps the attempts that end."""


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
