"""What ``TaskQueue`` does: put, cancel, replay and delete tasks."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete as delete_from
from sqlalchemy import exc, select

from taskcore.adapters.sql.rows import NEW_COLUMNS, PLAIN_COLUMNS, STATES, new_task, task_id, text_key
from taskcore.adapters.sql.session import Session
from taskcore.adapters.sql.work import ATTEMPT_COLUMNS, locked
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ids import IdScheme, TaskId
from taskcore.models import Receipt, TaskSpec
from taskcore.states import AT_REST, TaskState

_TRIES = 5
"""How often others may store the same keys between our look and our insert."""


async def put(session: Session, specs: Sequence[TaskSpec]) -> list[Receipt]:
    if any(spec.idempotency_key is not None or spec.id is not None for spec in specs):
        return await _put_chosen(session, specs)
    new = list(zip(await session.fresh_ids(), specs, strict=False))
    await _insert(session, new)
    return [Receipt(task, True) for task, _ in new]


async def _put_chosen(session: Session, specs: Sequence[TaskSpec]) -> list[Receipt]:
    """Put orders of which some bring an idempotency key or an id of their own.

    Somebody else may store the same between the look and the insert: then only that is undone, and the next look sees
    it, also from within a transaction that began before.
    """
    for turn in range(_TRIES):
        receipts, new = await _planned(session, specs, again=turn > 0)
        try:
            async with session.connection.begin_nested():
                await _insert(session, new)
        except exc.IntegrityError as error:
            if not session.tables.errors.is_taken(error):
                raise
        else:
            return receipts
    raise StoreUnavailable(f"{session.tables.errors.place}: others kept storing the same keys; put the tasks again")


async def _planned(
    session: Session, specs: Sequence[TaskSpec], *, again: bool
) -> tuple[list[Receipt], list[tuple[TaskId, TaskSpec]]]:
    by_key = await _taken_keys(session, specs, again)
    taken = await _taken_ids(session, [spec.id for spec in specs if spec.id is not None], again)
    fresh, receipts, new = await session.fresh_ids(), list[Receipt](), list[tuple[TaskId, TaskSpec]]()
    for spec in specs:
        if spec.idempotency_key in by_key:
            receipts.append(Receipt(by_key[spec.idempotency_key], False))
            continue
        task = next(fresh) if spec.id is None else _free(spec.id, taken)
        taken.add(task)
        if spec.idempotency_key is not None:
            by_key[spec.idempotency_key] = task
        receipts.append(Receipt(task, True))
        new.append((task, spec))
    return receipts, new


def _free(task: TaskId, taken: set[str]) -> TaskId:
    if IdScheme.TIME_SORTED.check(task) in taken:
        raise InvalidInput(f"the task id {task!r} is taken; choose another, or none and let the store number it")
    return task


async def _taken_keys(session: Session, specs: Sequence[TaskSpec], again: bool) -> dict[str | None, TaskId]:
    keys = [spec.idempotency_key for spec in specs if spec.idempotency_key is not None]
    t = session.schema.tasks.c
    read = select(t.idempotency_key, t.id).where(t.idempotency_key.in_(keys))
    rows = await session.rows(read.with_for_update(read=True) if again else read) if keys else []
    return {key: task_id(task) for key, task in rows}


async def _taken_ids(session: Session, chosen: Sequence[TaskId], again: bool) -> set[str]:
    t = session.schema.tasks.c
    read = select(t.id).where(t.id.in_([text_key(task) for task in chosen]))
    rows = await session.rows(read.with_for_update(read=True) if again else read) if chosen else []
    return {row.id for row in rows}


async def _insert(session: Session, new: Iterable[tuple[TaskId, TaskSpec]]) -> None:
    now, rows = await session.now(), []
    for task, spec in new:
        session.check_size(spec.payload, spec.meta)
        rows.append(new_task(spec, task, now))
    for columns in (PLAIN_COLUMNS, NEW_COLUMNS):
        await session.insert(session.schema.tasks, columns, [row for row in rows if len(row) == len(columns)])


async def cancel(session: Session, tasks: Sequence[TaskId]) -> list[TaskState | None]:
    rows = await locked(session, tasks)
    states = {key: STATES[row.state] for key, row in rows.items()}
    pending = [key for key, state in states.items() if state is TaskState.PENDING]
    running = [key for key, state in states.items() if state is TaskState.RUNNING]
    if pending:
        await session.change(session.sql.cancel_pending, ids=pending, now=await session.now())
    if running:
        await session.change(session.sql.cancel_running, ids=running)
    states.update(dict.fromkeys(pending, TaskState.CANCELLED))
    return [states.get(text_key(task)) for task in tasks]


async def replay(session: Session, tasks: Sequence[TaskId]) -> list[bool]:
    rows = await locked(session, tasks)
    at_rest = {key for key, row in rows.items() if STATES[row.state] in AT_REST}
    if at_rest:
        keys = sorted(at_rest)
        kept = await session.rows(session.sql.last_attempts, ids=keys)
        await session.insert(session.schema.attempts, ATTEMPT_COLUMNS, kept)
        await session.change(session.sql.replay, ids=keys, now=await session.now())
    replayed = []
    for task in tasks:
        replayed.append(task in at_rest)
        at_rest.discard(task)
    return replayed


async def delete(session: Session, tasks: Sequence[TaskId]) -> int:
    rows = await locked(session, tasks)
    return await remove(session, [key for key, row in rows.items() if row.state != TaskState.RUNNING])


async def remove(session: Session, keys: Sequence[str]) -> int:
    """Delete tasks that this transaction holds, and all that belongs to them."""
    if not keys:
        return 0
    schema = session.schema
    for column in (schema.attempts.c.task, schema.logs.c.task, schema.tasks.c.id):
        removed = await session.change(delete_from(column.table).where(column.in_(keys)))
    return removed
