"""What this package asks of the database beyond the core's ports: searches by pattern, bulk deletes, edits of a task.

Each method is one step. Statements are put together from constants; values are always parameters.
"""

# ruff: noqa: S608
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from taskcore.clock import to_micros
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.states import TaskState

from lapinq.schema.names import CORE, FORMER_IDS
from lapinq.schema.removing import REMOVAL
from lapinq.vocabulary import STATES

_FORMER = f"SELECT id, task FROM {FORMER_IDS} WHERE id = ANY($1::uuid[])"

# From one name to the next in the index of tasks that wait, however many there are of each.
_WAITING = f"""
WITH RECURSIVE names AS (
    (SELECT queue FROM {CORE}_tasks WHERE ready = 1 ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT queue FROM {CORE}_tasks WHERE ready = 1 AND queue > n.queue ORDER BY queue LIMIT 1)
    FROM names AS n WHERE n.queue IS NOT NULL)
SELECT queue FROM names WHERE queue IS NOT NULL
UNION
SELECT queue FROM (
    SELECT queue FROM {CORE}_tasks
    WHERE ready = 0 AND run_at <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint LIMIT 10000) AS due"""

_WITH = "SELECT id FROM lapinq_tasks WHERE replace(id::text, '-', '') LIKE $1 LIMIT 2"
_QUEUES_OF = f"SELECT id, queue FROM {CORE}_tasks WHERE id = ANY($1::text[])"
_PROGRESS = f"UPDATE {CORE}_tasks SET progress = $2, progress_note = $3 WHERE id = $1 RETURNING true"
_KEPT = f"UPDATE {CORE}_tasks SET progress = $2, progress_note = $3 WHERE id = $1 AND state = 'pending'"

_METADATA = f"SELECT meta FROM {CORE}_tasks WHERE id = $1 FOR UPDATE"
_SET_METADATA = f"UPDATE {CORE}_tasks SET meta = $2 WHERE id = $1"

_LOCK = "SELECT t.id FROM {core}_tasks AS t {where} ORDER BY t.id LIMIT {limit} FOR UPDATE".replace("{core}", CORE)
PORTION = 10_000
"""Tasks that one transaction removes, which takes about a second: a statement has 30 s by default."""
_REMOVAL = REMOVAL.format(ids="$1::text[]")

NOW = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
"""The database's time, in microseconds as the core has it."""
ENDS = "(created_at + ((meta::json ->> 'ttl')::float8 * 1000000)::bigint)"
"""When the time of a task is over that has a TTL; ``schema.views`` has an index of it."""
_ENDED = f"""
SELECT id FROM {CORE}_tasks
WHERE meta IS NOT NULL AND (meta::json ->> 'ttl') IS NOT NULL AND {ENDS} <= {NOW}
    AND state NOT IN ('pending', 'running', 'expired')
ORDER BY {ENDS} LIMIT $1 FOR UPDATE SKIP LOCKED"""

# Tasks that a schedule put or that were requeued have no end yet; they get one when it has come.
_OVER = f"""
UPDATE {CORE}_tasks SET expires_at = {ENDS} WHERE id IN (
    SELECT id FROM {CORE}_tasks
    WHERE meta IS NOT NULL AND (meta::json ->> 'ttl') IS NOT NULL AND {ENDS} <= {NOW}
        AND ready IS NOT NULL AND expires_at IS NULL
    LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING true"""

# A page is walked to from the newest task on. The server knows too little of patterns to see that this is soon over, or
# else takes half as long as its other ways; only a span of time has an index that may be better. One process is enough,
# and what it runs is not worth compiling.
_PLAIN = "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
_WALK = f"{_PLAIN}; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"

_ID = f"t.id = coalesce((SELECT task FROM {FORMER_IDS} WHERE id = {{}}::text::uuid), {{}})"
_PART_OF_ID = f"(t.id LIKE {{}} OR t.id IN (SELECT task FROM {FORMER_IDS} WHERE id::text LIKE {{}}))"
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks: those that meet every condition; None or "" is none.

    Attributes:
        queue, status: exactly; a status that does not exist has no tasks.
        id: a part of it.
        task_name, args, result, error: a part of it in either case, in which ``%`` and ``_`` stand for any text and
            any character; arguments are searched as JSON.
        created_from, created_before: from this instant on, and before that one.
    """

    queue: str | None = None
    status: str | None = None
    task_name: str | None = None
    args: str | None = None
    result: str | None = None
    error: str | None = None
    id: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, field.name) for field in fields(self))

    @property
    def has_patterns(self) -> bool:
        """Whether it asks for more than the core's lists can be asked for."""
        text = self.task_name or self.args or self.result or self.error or self.id
        return bool(text or self.created_from or self.created_before)

    @property
    def is_hopeless(self) -> bool:
        """Whether no task can meet it: PostgreSQL knows no such text, or there is no such status."""
        text = "".join(value for field in fields(self) if isinstance(value := getattr(self, field.name), str))
        broken = any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)
        return broken or bool(self.status and self.status not in STATES) or bool(self.id and not _is_of_ids(self.id))


_SEARCHED: Mapping[str, str] = {
    "task_name": "substr(t.name, position(':' IN t.name) + 1)",
    "args": "(t.payload::jsonb -> 'args')::text",
    "result": "t.result",
    "error": "(CASE t.state WHEN 'cancelled' THEN 'cancelled by user' WHEN 'expired' THEN 'ttl expired' "
    "ELSE t.error::json ->> 1 END)",
}


class Tables:
    """The statements, on a pool of connections that ``close`` closes.

    Args:
        translated: turns the driver's errors into those of ``taskcore.errors``.
        columns: of the task ``t``, which ``record_of`` makes a record of.
        without: a statement that counts the tasks of the ``WITH`` part ``gone`` no more.
    """

    def __init__(
        self,
        pool: "asyncpg.Pool",
        translated: Callable[[], AbstractContextManager[None]],
        columns: str,
        record_of: Callable[[Any], TaskRecord],
        without: str,
    ) -> None:
        self.pool = pool
        self._translated = translated
        self._columns = columns
        self._record_of = record_of
        self._removal = f"{_REMOVAL} {without}"

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def transaction(self) -> "AsyncIterator[asyncpg.pool.PoolConnectionProxy]":
        """A connection with a transaction that is committed at the end."""
        with self._translated():
            async with self.pool.acquire() as connection, connection.transaction():
                yield connection

    async def task_ids(self, ids: Sequence[UUID]) -> dict[UUID, TaskId]:
        """The core's ids. Only those that the public release gave out have to be looked up."""
        found = {id_: TaskId(str(id_)) for id_ in ids}
        former = [id_ for id_ in ids if id_.version != 7]
        if former:
            with self._translated():
                found |= {UUID(str(id_)): TaskId(task) for id_, task in await self.pool.fetch(_FORMER, former)}
        return found

    async def ids_with(self, digits: str) -> Sequence[UUID]:
        """Up to two ids of tasks that contain these hex digits, as their producers know them."""
        with self._translated():
            return [UUID(str(id_)) for (id_,) in await self.pool.fetch(_WITH, f"%{digits}%")]

    async def queues_of(
        self, tasks: Sequence[TaskId], within: "asyncpg.pool.PoolConnectionProxy | None" = None
    ) -> Mapping[str, str]:
        """In which queues tasks are, as the transaction of ``within`` sees it."""
        with self._translated():
            return {row["id"]: row["queue"] for row in await (within or self.pool).fetch(_QUEUES_OF, tasks)}

    async def waiting_queues(self) -> Sequence[str]:
        """The queues in which due tasks wait."""
        with self._translated():
            return [queue for (queue,) in await self.pool.fetch(_WAITING)]

    async def set_progress(self, task: TaskId, fraction: float, message: str | None) -> bool:
        """False when there is no such task."""
        with self._translated():
            return bool(await self.pool.fetchval(_PROGRESS, task, fraction, message))

    async def keep_progress(self, task: TaskId, fraction: float | None, message: str | None) -> None:
        """Let a task that waits again show how far its last execution was; the next one begins anew."""
        if fraction is not None:
            with self._translated():
                await self.pool.execute(_KEPT, task, fraction, message)

    async def change_meta(self, task: TaskId, change: Callable[[str | None], str | None]) -> bool:
        """Replace ``meta`` by what ``change`` makes of it; False when there is no such task."""
        async with self.transaction() as connection:
            row = await connection.fetchrow(_METADATA, task)
            if row is not None:
                await connection.execute(_SET_METADATA, task, change(row[0]))
            return row is not None

    async def search(self, wanted: Filter, *, after: TaskId | None, limit: int) -> Sequence[TaskRecord]:
        """Tasks that meet a filter, newest first, those behind ``after``."""
        where, values = _conditions(wanted)
        if after is not None:
            values.append(after)
            where.append(f"t.id < ${len(values)}")
        values.append(limit)
        found = f"SELECT * FROM {CORE}_tasks AS t {_where(where)} ORDER BY t.id DESC LIMIT ${len(values)}"
        async with self.transaction() as connection:
            await connection.execute(_WALK if wanted.created_from is None else _PLAIN)
            rows = await connection.fetch(f"SELECT {self._columns} FROM ({found}) AS t ORDER BY t.id DESC", *values)
        return [self._record_of(row) for row in rows]

    async def count(self, wanted: Filter) -> int:
        """How many tasks meet a filter."""
        where, values = _conditions(wanted)
        with self._translated():
            return int(await self.pool.fetchval(f"SELECT count(*) FROM {CORE}_tasks AS t {_where(where)}", *values))

    async def survey(self, wanted: Filter) -> Mapping[str, int]:
        """How many tasks of each queue meet a filter, by name."""
        where, values = _conditions(wanted)
        found = f"SELECT t.queue, count(*) FROM {CORE}_tasks AS t {_where(where)} GROUP BY 1 ORDER BY 1"
        with self._translated():
            return {queue: int(number) for queue, number in await self.pool.fetch(found, *values)}

    async def delete(self, wanted: Filter) -> int:
        """Remove every task that meets a filter, and answer how many. Workers of running ones lose the lease.

        It is done in portions: what was removed before an error stays so.
        """
        where, values = _conditions(wanted)
        chosen = _LOCK.format(where=_where([*where, f"t.id > ${len(values) + 1}"]), limit=f"${len(values) + 2}")
        settings = _WALK if wanted.has_patterns and wanted.created_from is None else _PLAIN
        removed, last = 0, ""
        while tasks := await self._delete(chosen, *values, last, PORTION, settings=settings):
            removed += len(tasks)
            last = tasks[-1]
            if len(tasks) < PORTION:
                break
        return removed

    async def delete_ended(self, limit: int) -> int:
        """Remove tasks at rest whose time to live is over."""
        return len(await self._delete(_ENDED, limit))

    async def end_overdue(self, limit: int) -> int:
        """Let the core expire waiting tasks whose time to live is over, also those to which it gave no end."""
        with self._translated():
            return len(await self.pool.fetch(_OVER, limit))

    async def _delete(self, chosen: str, *values: object, settings: str = _PLAIN) -> Sequence[str]:
        """Remove the tasks that a statement chooses and locks, and answer which."""
        async with self.transaction() as connection:
            await connection.execute(settings)
            tasks = [task for (task,) in await connection.fetch(chosen, *values)]
            if tasks:
                await connection.execute(self._removal, tasks)
            return tasks


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _conditions(wanted: Filter) -> tuple[list[str], list[object]]:
    conditions, values = list[str](), list[object]()
    for text, value in _parts(wanted):
        values.append(value)
        conditions.append(text.replace("{}", f"${len(values)}"))
    return conditions, values


def _parts(wanted: Filter) -> Iterator[tuple[str, object]]:
    if wanted.queue:
        yield "t.queue = {}", wanted.queue
    if wanted.status:
        states = STATES.get(wanted.status, frozenset())
        yield "t.state = ANY({}::text[])", [state.value for state in states]
        # What has an index, repeated where it does.
        if states == {TaskState.PENDING}:
            yield "t.ready = ANY({}::smallint[])", [0, 1]
        elif not states & {TaskState.RUNNING, TaskState.SUCCEEDED}:
            yield "t.rare = ANY({}::text[])", [state.value for state in states]
    if wanted.id:
        part = part_of_id(wanted.id)
        yield (_ID, part) if _is_whole(part) else (_PART_OF_ID, f"%{part}%")
    if wanted.created_from:
        yield "t.created_at >= {}", to_micros(wanted.created_from)
    if wanted.created_before:
        yield "t.created_at < {}", to_micros(wanted.created_before)
    yield from _patterns(wanted)


def _patterns(wanted: Filter) -> Iterator[tuple[str, object]]:
    for name, expression in _SEARCHED.items():
        if pattern := getattr(wanted, name):
            # Only letters beyond ASCII need more than to fold bytes, which takes longer.
            folded = f'{expression} COLLATE "C"' if pattern.isascii() else expression
            yield f"{folded} ILIKE {{}}", f"%{_usable(pattern)}%"
    if wanted.args and _is_word(wanted.args):
        yield 't.payload COLLATE "C" ILIKE {}', f"%{wanted.args}%"


def _is_word(pattern: str) -> bool:
    """Whether arguments hold it as they are stored, too, which takes a tenth of the time to ask: as JSON they have
    other spaces, and another form of numbers."""
    return pattern.isascii() and pattern.isalnum() and not pattern.isdigit()


def part_of_id(text: str) -> str:
    """What people write of an id, as ids have it: without signs that it was cut, and a whole one with its hyphens."""
    part = text.strip().rstrip(".…").lower()
    return str(UUID(part)) if len(part) == 32 and set(part) <= _DIGITS else part


def _is_whole(part: str) -> bool:
    with suppress(ValueError):
        return str(UUID(part)) == part
    return False


def _is_of_ids(text: str) -> bool:
    return set(part_of_id(text)) <= _DIGITS | {"-"}


def _usable(pattern: str) -> str:
    """A pattern may not end with a lone backslash: it would say that the sign behind it stands for itself."""
    trailing = len(pattern) - len(pattern.rstrip("\\"))
    return pattern + "\\" if trailing % 2 else pattern
