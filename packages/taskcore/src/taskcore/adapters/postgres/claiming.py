"""The claim in SQL: which ready tasks are handed out, and which slots of limited queues and keys they get."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Iterator
from datetime import timedelta

from taskcore.adapters.postgres.counting import CLAIMED
from taskcore.adapters.postgres.database import Rows
from taskcore.adapters.postgres.ending import ENDS, STORED
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.sql.rows import LATEST, from_micros, later
from taskcore.ids import TaskId, WorkerId
from taskcore.models import TaskError, TaskRecord
from taskcore.retry import RetryPolicy
from taskcore.states import TaskState

# What a claim does not know already of the tasks that it hands out.
_COLUMNS = (
    "id", "name", "queue", "payload", "priority", "created_at", "run_at", "expires_at", "timeout", "retry",
    "idempotency_key", "schedule", "meta", "concurrency_key", "concurrency_limit", "attempt", "failures", "losses",
    "cancel_requested", "result", "error", "version", "trace",
)  # fmt: skip
_HANDED_OUT = f"(SELECT now FROM clock) AS now, {', '.join(f't.{column}' for column in _COLUMNS)}"

# Bounded, so that no claim has to wait for a whole wave of tasks that become due together.
PROMOTE = f"""
WITH {CLOCK}, due AS MATERIALIZED (
    SELECT id FROM {{p}}_tasks WHERE ready = 0 AND run_at <= (SELECT now FROM clock)
    ORDER BY run_at LIMIT 10000 FOR UPDATE SKIP LOCKED)
UPDATE {{p}}_tasks AS t SET ready = 1 FROM due WHERE t.id = due.id"""

_DUE = "EXISTS (SELECT FROM {p}_tasks WHERE ready = 0 AND run_at <= (SELECT now FROM clock))"


def open_queues(queues: str, most: str, after: str) -> str:
    """The queues that are not paused, with the room that their limits leave, and the rank behind which to look."""
    return f"""open AS MATERIALIZED (
    SELECT q.name, k.concurrency, CASE WHEN k.concurrency IS NULL THEN {most}::bigint
        ELSE least({most}, greatest(0, k.concurrency - (SELECT count(*) FROM {{p}}_leases AS l WHERE l.queue = q.name)))
        END AS room, coalesce(q.after, {-(2**31)}) AS after, coalesce(q.after_at, {-(2**63)}) AS after_at,
        coalesce(q.after_id, '') AS after_id
    FROM unnest({queues}::text[], {after}) AS q (name, after, after_at, after_id)
        LEFT JOIN {{p}}_queues AS k ON k.name = q.name
    WHERE k.paused IS NOT TRUE)"""


# Walks the index of ready tasks, which has this order. A clock that was set back makes some of them early again.
READY = """FROM {p}_tasks AS t
    WHERE t.ready = 1 AND t.queue = o.name AND (-t.priority, t.run_at, t.id) > (o.after, o.after_at, o.after_id)
        AND t.run_at <= (SELECT now FROM clock)
        AND (t.expires_at IS NULL OR t.expires_at > (SELECT now FROM clock))
        AND (t.concurrency_key IS NULL OR t.concurrency_limit > (
            SELECT count(*) FROM {p}_leases AS l WHERE l.concurrency_key = t.concurrency_key))
    ORDER BY (-t.priority), t.run_at, t.id"""
"""What a claim may take from the open queue ``o``, best first."""

# Entries of that index that this connection has walked over: live, dead and passed over alike.
_WALKED = "pg_stat_get_xact_tuples_returned('{p}_tasks_ready'::regclass)"
_CLOCK = CLOCK.replace("AS now)", f"AS now, {_WALKED} AS walked)")


def _free_slot(column: str, used_by: str, rank: str) -> str:
    """The lowest free number for the first, the next one for the second, and so on.

    None is above the limit, since a claim takes no more than the limit leaves: so numbers that are unique keep it,
    whatever other claims see at the same time. Who loses the race for a number leaves its task to the next claim.
    It would wait for the other's commit first, and two could wait for each other: so claims of a limited queue or of a
    key go one at a time.
    """
    used = f"{{p}}_leases AS l WHERE l.{used_by} = c.{used_by}"
    return f"""(
        SELECT n FROM generate_series(1, {rank} + (SELECT count(*) FROM {used})) AS n
        WHERE NOT EXISTS (SELECT FROM {used} AND l.{column} = n) ORDER BY n OFFSET {rank} - 1 LIMIT 1)"""


# Who does not get these locks takes nothing there: it would have wanted the same slots. Keys share 64 of them, since
# the server has room for some thousands.
_ALONE = "pg_try_advisory_xact_lock(hashtext('{p}_queues'), hashtext(o.name))"
_ALONE_WITH_KEY = "pg_try_advisory_xact_lock(hashtext('{p}_keys'), hashtext(concurrency_key) % 64)"
_RANK = "ORDER BY priority DESC, run_at, id"


def _claimed(worker: str, lease: str, queues: str, most: str, due_first: str, after: str, behind: str = "clock") -> str:
    """Parts of a statement that claim; each argument is the name of a parameter, ``after`` of three.

    With ``due_first`` they take nothing while tasks wait for ``PROMOTE``, or better ones might be passed over. The part
    ``behind`` is done first. A claim also locks tasks that others have taken since it began, before it passes them
    over: if it waited for anybody then, two workers could wait for each other.
    """
    until = f"least((SELECT now FROM clock) + {lease}::bigint, {LATEST})"
    return f"""{open_queues(queues, most, after)},
chosen AS MATERIALIZED (
    SELECT c.*, o.concurrency FROM open AS o CROSS JOIN LATERAL (
        SELECT t.id, t.priority, t.run_at, t.queue, t.attempt, t.concurrency_key, t.concurrency_limit {READY}
        LIMIT o.room FOR UPDATE SKIP LOCKED) AS c
    WHERE (SELECT count(*) FROM {behind}) >= 0 AND NOT ({due_first}::boolean AND {_DUE})
        AND (o.concurrency IS NULL OR o.room > 0 AND {_ALONE})
    ORDER BY c.priority DESC, c.run_at, c.id LIMIT {most}),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY queue {_RANK})::integer AS queue_rank,
        row_number() OVER (PARTITION BY concurrency_key {_RANK})::integer AS key_rank
    FROM chosen
    WHERE concurrency_key IS NULL AND concurrency IS NOT NULL OR concurrency_key IS NOT NULL AND {_ALONE_WITH_KEY}),
slots AS (
    INSERT INTO {{p}}_leases (task, attempt, worker, lease_until, queue, concurrency_key, queue_slot, key_slot)
    SELECT id, attempt + 1, {worker}, {until}, queue, concurrency_key,
        CASE WHEN concurrency IS NOT NULL THEN {_free_slot("queue_slot", "queue", "queue_rank")} END,
        CASE WHEN concurrency_key IS NOT NULL THEN {_free_slot("key_slot", "concurrency_key", "key_rank")} END
    FROM ranked AS c
    WHERE concurrency_key IS NULL OR key_rank + (
        SELECT count(*) FROM {{p}}_leases AS l WHERE l.concurrency_key = c.concurrency_key) <= concurrency_limit
    ON CONFLICT DO NOTHING
    RETURNING task),
claimed AS (
    UPDATE {{p}}_tasks AS t SET state = 'running', ready = NULL, attempt = t.attempt + 1, worker = {worker},
        started_at = (SELECT now FROM clock), finished_at = NULL, progress = NULL, progress_note = NULL
    FROM (
        SELECT id FROM chosen WHERE concurrency IS NULL AND concurrency_key IS NULL
        UNION ALL SELECT task FROM slots) AS c
    WHERE t.id = c.id RETURNING {_HANDED_OUT}),
leased AS (
    INSERT INTO {{p}}_leases (task, attempt, worker, lease_until, queue)
    SELECT id, attempt, {worker}, {until}, queue FROM claimed
    WHERE concurrency_key IS NULL AND queue NOT IN (SELECT name FROM open WHERE concurrency IS NOT NULL)),
{CLAIMED}"""


# Sub-selects are run once, with the first row: after the walk, which is over before anything is handed out.
_ALL = f"""(SELECT {_WALKED} - (SELECT walked FROM clock)), claimed.* FROM (SELECT) AS once LEFT JOIN claimed ON true"""


def _after(first: int) -> str:
    return f"${first}::integer[], ${first + 1}::bigint[], ${first + 2}::text[]"


CLAIM = f"WITH {_CLOCK}, {_claimed('$2', '$3', '$4', '$5', '$6', _after(7))} SELECT {_DUE}, {_ALL}"

# For settlements of which none goes back to its queue, or the claim would not see it: it sees what was before.
EXCHANGE = f"""
WITH {_CLOCK}, {ENDS}, {_claimed("$14", "$15", "$16", "$17", "$18", _after(19), "settled")}
SELECT {STORED}, {_DUE}, {_ALL}"""

_TAKEN_UNTIL = f"least((SELECT now FROM clock) + $3::bigint, {LATEST})"
TAKE = f"""
WITH {CLOCK}, chosen AS MATERIALIZED (
    SELECT id FROM {{p}}_tasks WHERE id = $4 AND state = 'pending' FOR UPDATE),
claimed AS (
    UPDATE {{p}}_tasks AS t SET state = 'running', ready = NULL, attempt = t.attempt + 1, worker = $2,
        started_at = (SELECT now FROM clock), finished_at = NULL, progress = NULL, progress_note = NULL
    FROM chosen AS c WHERE t.id = c.id RETURNING {_HANDED_OUT}),
leased AS (
    INSERT INTO {{p}}_leases (task, attempt, worker, lease_until, queue, concurrency_key)
    SELECT id, attempt, $2, {_TAKEN_UNTIL}, queue, concurrency_key FROM claimed),
{CLAIMED}
SELECT * FROM claimed"""


def records(rows: Rows, before: int, worker: WorkerId, lease_for: timedelta) -> Iterator[TaskRecord]:
    """The tasks that were handed out; ``before`` columns of a row tell other things."""
    if not rows:
        return
    now = rows[0][before]
    started_at, lease_until = from_micros(now), from_micros(later(now, lease_for))
    for row in rows:
        (id_, name, queue, payload, priority, created_at, run_at, expires_at, timeout, retry, key, schedule, meta,
         concurrency_key, concurrency_limit, attempt, failures, losses, cancel_requested, result, error,
         version, trace) = row[before + 1 :]  # fmt: skip
        yield TaskRecord(
            id=TaskId(id_),
            name=name,
            queue=queue,
            payload=payload,
            priority=priority,
            state=TaskState.RUNNING,
            created_at=from_micros(created_at),
            run_at=from_micros(run_at),
            expires_at=None if expires_at is None else from_micros(expires_at),
            timeout=None if timeout is None else timedelta(microseconds=timeout),
            retry=None if retry is None else RetryPolicy.load(retry),
            idempotency_key=key,
            schedule=schedule,
            meta=meta,
            concurrency_key=concurrency_key,
            concurrency_limit=concurrency_limit,
            trace=trace,
            attempt=attempt,
            failures=failures,
            losses=losses,
            cancel_requested=cancel_requested,
            worker=worker,
            lease_until=lease_until,
            started_at=started_at,
            result=result,
            error=None if error is None else TaskError.load(error),
            version=version,
        )
