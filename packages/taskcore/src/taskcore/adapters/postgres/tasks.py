"""What ``TaskQueue`` does: put, cancel, replay and delete tasks."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter

from taskcore.adapters.postgres.arrays import sparse, uniform, uniform_sql
from taskcore.adapters.postgres.counting import AT_REST, KIND, WAITING, changed, fewer, more
from taskcore.adapters.postgres.database import Database, Rows, Runner
from taskcore.adapters.postgres.statements import AT_REST_STATES, CLOCK, ENDED_BY, NOW
from taskcore.adapters.sql.rows import STATES, micros
from taskcore.clock import to_micros
from taskcore.ids import IdScheme, TaskId
from taskcore.models import Receipt, TaskSpec
from taskcore.states import TaskState

_TOLD = "(SELECT pg_notify('{p}_work', $2) WHERE $2::text IS NOT NULL)"

_PLAIN = f"""s.id, {uniform_sql("s.name", "$4::text[]")}, {uniform_sql("s.queue", "$5::text[]")},
        {uniform_sql("s.payload", "$6::text[]")}, {uniform_sql("s.priority", "$7::integer[]")}, now,
        coalesce(s.run_at, now), (s.run_at IS NULL OR s.run_at <= now)::integer"""

# Quicker than to count what was stored; one name stands for all tasks, as ``uniform`` has it.
_ALL_NEW = """
    SELECT queue, 'new', CASE WHEN cardinality($5::text[]) = 1 THEN cardinality($3::text[]) ELSE count(*) END
    FROM unnest($5::text[]) AS s (queue) GROUP BY queue"""

_PUT_PLAIN = f"""
WITH {CLOCK}, new AS (
    INSERT INTO {{p}}_tasks (id, name, queue, payload, priority, created_at, run_at, ready)
    SELECT {_PLAIN}
    FROM clock, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::bigint[])
        AS s (id, name, queue, payload, priority, run_at)),
counted AS ({changed(_ALL_NEW)})
SELECT {_TOLD}"""

# Without arrays to take apart this costs a third less, and most programs put one task at a time.
_PUT_ONE = f"""
WITH counted AS ({changed("VALUES ($4, 'new', 1)")})
INSERT INTO {{p}}_tasks (id, name, queue, payload, priority, created_at, run_at, ready)
SELECT $2, $3, $4, $5, $6, now, coalesce($7, now), ($7 IS NULL OR $7 <= now)::integer
FROM (SELECT coalesce($1, {NOW}) AS now OFFSET 0) AS clock"""
_PUT_ONE_AND_TELL = f"{_PUT_ONE} RETURNING pg_notify('{{p}}_work', $8)"

# A key that is taken stores nothing. An id that is taken fails the statement, so nothing of it is stored.
_PUT = f"""
WITH {CLOCK}, new AS (
    INSERT INTO {{p}}_tasks (id, name, queue, payload, priority, created_at, run_at, ready, expires_at, timeout, retry,
        idempotency_key, schedule, meta, concurrency_key, concurrency_limit, trace)
    SELECT {_PLAIN}, s.expires_at, s.timeout, s.retry, s.idempotency_key, s.schedule, s.meta, s.concurrency_key,
        {uniform_sql("s.concurrency_limit", "$16::integer[]")}, s.trace
    FROM clock, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::integer[],
        $17::text[])
        AS s (id, name, queue, payload, priority, run_at, expires_at, timeout, retry, idempotency_key, schedule, meta,
            concurrency_key, concurrency_limit, trace)
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, queue),
counted AS ({changed(more("'new'", "new"))})
SELECT (SELECT array_agg(id) FROM new), {_TOLD}"""

_KEYS = "SELECT idempotency_key, id FROM {p}_tasks WHERE idempotency_key = ANY($1::text[])"

_LOCKED = "SELECT id, state, queue, attempt FROM {p}_tasks WHERE id = ANY($2::text[]) ORDER BY id FOR UPDATE"

_WAITED = "locked WHERE state = 'pending'"

_CANCEL = f"""
WITH {CLOCK}, locked AS MATERIALIZED ({_LOCKED}),
cancelled AS (
    UPDATE {{p}}_tasks AS t SET state = 'cancelled', rare = 'cancelled', ready = NULL, finished_at = now
    FROM locked, clock WHERE t.id = locked.id AND locked.state = 'pending'),
asked AS (
    UPDATE {{p}}_tasks AS t SET cancel_requested = true
    FROM locked WHERE t.id = locked.id AND locked.state = 'running'),
counted AS ({changed(fewer(WAITING, _WAITED), more("'cancelled'", _WAITED))})
SELECT id, CASE state WHEN 'pending' THEN 'cancelled' ELSE state END FROM locked"""

# An attempt that was kept before is left alone: the task went back to waiting after it, and came to rest there.
_REPLAY = f"""
WITH {CLOCK}, locked AS MATERIALIZED (
    SELECT * FROM {{p}}_tasks WHERE id = ANY($2::text[]) AND state IN ({AT_REST_STATES}) ORDER BY id FOR UPDATE),
kept AS (
    INSERT INTO {{p}}_attempts (task, number, worker, started_at, finished_at, ended, result, error, version)
    SELECT id, attempt, worker, started_at, finished_at, CASE state {ENDED_BY} END,
        CASE state WHEN 'succeeded' THEN result END, error, version
    FROM locked WHERE worker IS NOT NULL
    ON CONFLICT DO NOTHING),
replayed AS (
    UPDATE {{p}}_tasks AS t SET state = 'pending', rare = NULL, ready = 1, run_at = now, failures = 0, losses = 0,
        cancel_requested = false, expires_at = NULL, progress = NULL, progress_note = NULL, result = NULL, error = NULL
    FROM locked, clock WHERE t.id = locked.id
    RETURNING t.id),
counted AS ({changed(fewer(AT_REST, "locked"), more(WAITING, "locked"))})
SELECT id, pg_notify('{{p}}_work', '') FROM replayed"""


def deleted(chosen: str) -> str:
    """A statement that deletes the tasks that ``chosen`` selects and locks, with all that belongs to them."""
    return f"""
WITH {CLOCK}, chosen AS MATERIALIZED ({chosen}),
attempts AS (DELETE FROM {{p}}_attempts AS a USING chosen AS c WHERE a.task = c.id),
lines AS (DELETE FROM {{p}}_logs AS l USING chosen AS c WHERE l.task = c.id),
gone AS (DELETE FROM {{p}}_tasks AS t USING chosen AS c WHERE t.id = c.id
    RETURNING t.queue, t.state, t.attempt),
counted AS ({changed(fewer(KIND, "gone"))})
SELECT count(*) FROM gone"""


# What a task has left behind since a statement began is not seen by it, but by the next one that has its lock.
_HOLD = "SELECT FROM {p}_tasks WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
_DELETE = deleted("SELECT id FROM {p}_tasks WHERE id = ANY($2::text[]) AND state <> 'running' ORDER BY id FOR UPDATE")

_TRAITS = attrgetter(
    "id",
    "idempotency_key",
    "expires_at",
    "timeout",
    "retry",
    "schedule",
    "meta",
    "concurrency_key",
    "trace",
    "concurrency_limit",
)
_ORDINARY = (*(None,) * 9, 1)
"""The traits of nearly every order: few columns suffice for it, and no key can be in its way."""

Asked = tuple[str, list[object]]
"""A statement with its parameters."""
Steps = Generator[Asked, Rows, list[Receipt]]


def put(specs: Sequence[TaskSpec], fresh: Iterator[TaskId], now: int | None, told: str | None) -> Steps:
    """Put orders: yields statements and is sent their rows, so that it runs on any kind of connection.

    ``told`` goes to those who wait for work, at the commit; None tells nobody.
    """
    if all(map(_ORDINARY.__eq__, map(_TRAITS, specs))):
        tasks: list[TaskId] = list(islice(fresh, len(specs)))
        if len(specs) == 1:
            values = [now, *tasks, *_plain_values(specs[0])]
            yield (_PUT_ONE, values) if told is None else (_PUT_ONE_AND_TELL, [*values, told])
        elif specs:
            yield _PUT_PLAIN, [now, told, tasks, *_plain_columns(specs)]
        return [Receipt(task, True) for task in tasks]
    tasks = [next(fresh) if spec.id is None else IdScheme.TIME_SORTED.check(spec.id) for spec in specs]
    # In the order of keys, or two who put the same ones would wait for each other. Of equal keys the first stays first.
    wanted = sorted(zip(tasks, specs, strict=True), key=lambda order: order[1].idempotency_key or "")
    stored: set[TaskId] = set()
    by_key: dict[str | None, TaskId] = {}
    while missing := [
        (task, spec) for task, spec in wanted if task not in stored and spec.idempotency_key not in by_key
    ]:
        ((new, _),) = yield _PUT, [now, told, [task for task, _ in missing], *_columns([spec for _, spec in missing])]
        stored.update(new or ())
        taken = [spec.idempotency_key for task, spec in missing if task not in stored]
        # Read after the conflict. A task that was deleted in between gave its key back: then it is put once more.
        by_key.update((yield _KEYS, [taken]) if taken else ())
    return [
        Receipt(task, True) if task in stored else Receipt(by_key[spec.idempotency_key], False)
        for task, spec in zip(tasks, specs, strict=True)
    ]


def _plain_values(spec: TaskSpec) -> tuple[object, ...]:
    run_at = None if spec.run_at is None else to_micros(spec.run_at)
    return spec.name, spec.queue, spec.payload, spec.priority, run_at


def _plain_columns(specs: Sequence[TaskSpec]) -> list[Sequence[object]]:
    return [
        uniform([spec.name for spec in specs]),
        uniform([spec.queue for spec in specs]),
        uniform([spec.payload for spec in specs]),
        uniform([spec.priority for spec in specs]),
        sparse([spec.run_at and to_micros(spec.run_at) for spec in specs]),
    ]


def _columns(specs: Sequence[TaskSpec]) -> list[Sequence[object]]:
    return [
        *_plain_columns(specs),
        sparse([spec.expires_at and to_micros(spec.expires_at) for spec in specs]),
        sparse([spec.timeout and micros(spec.timeout) for spec in specs]),
        sparse([spec.retry and spec.retry.dump() for spec in specs]),
        sparse([spec.idempotency_key for spec in specs]),
        sparse([spec.schedule for spec in specs]),
        sparse([spec.meta for spec in specs]),
        sparse([spec.concurrency_key for spec in specs]),
        uniform([spec.concurrency_limit for spec in specs]),
        sparse([spec.trace for spec in specs]),
    ]


async def run(runner: Runner, steps: Steps) -> list[Receipt]:
    """Run the statements of ``put``."""
    try:
        sql, parameters = next(steps)
        while True:
            sql, parameters = steps.send(await runner.fetch(sql, *parameters))
    except StopIteration as end:
        receipts: list[Receipt] = end.value
        return receipts


def storable(tasks: Iterable[TaskId]) -> list[str]:
    """Ids as parameters; "", which no task has, stands for what cannot be one."""
    return [task if task.isprintable() else "" for task in tasks]


async def cancel(runner: Runner, tasks: Sequence[TaskId]) -> list[TaskState | None]:
    states = dict(await runner.fetch(_CANCEL, runner.now, storable(tasks)))
    return [STATES[state] if (state := states.get(task)) else None for task in tasks]


async def replay(runner: Runner, tasks: Sequence[TaskId]) -> list[bool]:
    replayed = {task for task, _ in await runner.fetch(_REPLAY, runner.now, storable(tasks))}
    answers = []
    for task in tasks:
        answers.append(task in replayed)
        replayed.discard(task)
    return answers


async def delete(database: Database, tasks: Sequence[TaskId]) -> int:
    async def work(transaction: Runner) -> int:
        await transaction.fetch(_HOLD, storable(tasks))
        ((count,),) = await transaction.fetch(_DELETE, transaction.now, storable(tasks))
        return int(count)

    return await database.together(work)
