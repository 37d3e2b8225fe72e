"""What ``TaskQueue`` and ``Rearranging`` do: put, cancel, replay, move and delete tasks."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from taskcore.adapters.sql.rows import NEW_COLUMNS, PLAIN_COLUMNS, STATES, new_task, task_id
from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.session import Session
from taskcore.errors import InvalidInput
from taskcore.ids import IdScheme, TaskId
from taskcore.models import Receipt, TaskSpec
from taskcore.models.task import check_name
from taskcore.states import TaskState


def put(session: Session, specs: Sequence[TaskSpec]) -> list[Receipt]:
    if any(spec.idempotency_key is not None or spec.id is not None for spec in specs):
        return _put_chosen(session, specs)
    new = list(zip(_fresh_ids(session), specs, strict=False))
    _insert(session, new)
    return [Receipt(task, True) for task, _ in new]


def _put_chosen(session: Session, specs: Sequence[TaskSpec]) -> list[Receipt]:
    """Put orders of which some bring an idempotency key or an id of their own.

    Nobody else writes meanwhile, so what is found out about them first holds until the rows are in.
    """
    by_key = _taken_keys(session, specs)
    chosen = [spec.id for spec in specs if spec.id is not None]
    taken = {key for (key,) in session.execute(sql.TAKEN_IDS, [session.keys(chosen)])}
    fresh = _fresh_ids(session, above=chosen)
    receipts, new = list[Receipt](), list[tuple[TaskId, TaskSpec]]()
    for spec in specs:
        if spec.idempotency_key in by_key:
            receipts.append(Receipt(by_key[spec.idempotency_key], False))
            continue
        task = next(fresh) if spec.id is None else _free(session, spec.id, taken)
        taken.add(session.key(task))
        if spec.idempotency_key is not None:
            by_key[spec.idempotency_key] = task
        receipts.append(Receipt(task, True))
        new.append((task, spec))
    _insert(session, new)
    return receipts


def _insert(session: Session, new: Iterable[tuple[TaskId, TaskSpec]]) -> None:
    key, now = session.key, session.now
    rows = [new_task(spec, key(task), now) for task, spec in new]
    session.execute_rows(sql.INSERT_PLAIN, [row for row in rows if len(row) == len(PLAIN_COLUMNS)])
    session.execute_rows(sql.INSERT, [row for row in rows if len(row) == len(NEW_COLUMNS)])


def _fresh_ids(session: Session, above: Iterable[TaskId] = ()) -> Iterator[TaskId]:
    if session.ids is IdScheme.TIME_SORTED:
        return session.fresh_ids
    last = max(session.one(sql.LAST_NUMBER) or 0, *(int(session.key(task)) for task in above), 0)
    return (task_id(number) for number in count(last + 1))


def _free(session: Session, task: TaskId, taken: set[str | int]) -> TaskId:
    if session.key(session.ids.check(task)) in taken:
        raise InvalidInput(f"the task id {task!r} is taken; choose another, or none and let the store number it")
    return task


def _taken_keys(session: Session, specs: Sequence[TaskSpec]) -> dict[str | None, TaskId]:
    keys = json.dumps([spec.idempotency_key for spec in specs if spec.idempotency_key is not None])
    return {key: task_id(task) for key, task in session.execute(sql.TAKEN_KEYS, [keys])}


def cancel(session: Session, tasks: Sequence[TaskId]) -> list[TaskState | None]:
    keys = session.keys(tasks)
    session.execute(sql.CANCEL_PENDING, [session.now, keys])
    session.execute(sql.CANCEL_RUNNING, [keys])
    states = {key: STATES[state] for key, state in session.execute(sql.STATES, [keys])}
    return [states.get(session.key(task)) for task in tasks]


def replay(session: Session, tasks: Sequence[TaskId]) -> list[bool]:
    at_rest = {key for (key,) in session.execute(sql.AT_REST_IDS, [session.keys(tasks)])}
    keys = json.dumps(list(at_rest), ensure_ascii=False)
    session.execute(sql.KEEP_LAST, [keys])
    session.execute(sql.REPLAY, [session.now, keys])
    replayed = []
    for task in tasks:
        key = session.key(task)
        replayed.append(key in at_rest)
        at_rest.discard(key)
    return replayed


def move(session: Session, tasks: Sequence[TaskId], queue: str) -> list[bool]:
    check_name("queue", queue)
    moved = {key for (key,) in session.execute(sql.MOVE, [queue, session.keys(tasks)])}
    return [session.key(task) in moved for task in tasks]


def release_keys(session: Session, tasks: Sequence[TaskId]) -> list[bool]:
    released = {key for (key,) in session.execute(sql.RELEASE_KEYS, [session.keys(tasks)])}
    return [session.key(task) in released for task in tasks]


def delete(session: Session, tasks: Sequence[TaskId]) -> int:
    return remove(session, session.one(sql.REMOVABLE, [session.keys(tasks)]))


def remove(session: Session, keys: str) -> int:
    """Delete tasks, given as a JSON array, and all that belongs to them."""
    session.execute(sql.DELETE_ATTEMPTS, [keys])
    session.execute(sql.DELETE_LOGS, [keys])
    return session.execute(sql.DELETE_TASKS, [keys]).rowcount
