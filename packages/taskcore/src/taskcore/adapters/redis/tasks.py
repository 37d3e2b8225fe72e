"""What ``TaskQueue``, ``Rearranging`` and ``QueueControls`` do: orders, and an operator's hand."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from taskcore.adapters.memory.transitions import ENDED_BY
from taskcore.adapters.redis.records import STATES, order_values
from taskcore.adapters.redis.session import Session
from taskcore.errors import InvalidInput
from taskcore.ids import IdScheme, TaskId
from taskcore.models import QueueControl, Receipt, TaskSpec
from taskcore.models.task import check_name
from taskcore.states import TaskState

SLICE = 1000
"""Tasks that one script removes: it keeps everybody else waiting for some milliseconds."""

_MOST_ORDERS = 100_000
_ENDED_BY = json.dumps(ENDED_BY)
_CREATED = {"1": True, "0": False}

Rows = list[tuple[str, str, str, str, str]]


async def put(session: Session, specs: Sequence[TaskSpec]) -> list[Receipt]:
    if not specs:
        return []
    chosen, numbered, rows = order_rows(session, specs)
    answer = await session.run_with("put", chosen, numbered, rows=rows)
    refuse_taken(session, answer)
    keys, created = answer
    return [Receipt(session.id(key), _CREATED[new]) for key, new in zip(keys, created, strict=True)]


def order_rows(session: Session, specs: Sequence[TaskSpec]) -> tuple[int, int, Rows]:
    """What scripts take that put tasks: whether any id or key is of a caller's choice, whether tasks are numbered, and
    the orders.

    Raises:
        InvalidInput: an id is none of this store's, or there are more orders than the server reads at once.
    """
    if len(specs) > _MOST_ORDERS:
        raise InvalidInput(f"expected at most {_MOST_ORDERS:,} tasks at once, got {len(specs):,}; put them in batches")
    numbered = session.ids is IdScheme.NUMBERED
    chosen, rows = 0, Rows()
    for spec in specs:
        if spec.id is not None:
            key = session.key(session.ids.check(spec.id))
        else:
            key = "" if numbered else next(session.fresh_ids)
        if spec.id is not None or spec.idempotency_key is not None:
            chosen = 1
        rows.append(order_values(spec, key))
    return chosen, int(numbered), rows


def refuse_taken(session: Session, answer: Any) -> None:
    """Raise what a script that puts tasks found out before it stored anything."""
    if isinstance(answer, str):
        task = session.id(answer)
        raise InvalidInput(f"the task id {task!r} is taken; choose another, or none and let the store number it")


async def cancel(session: Session, tasks: Sequence[TaskId]) -> list[TaskState | None]:
    if not tasks:
        return []
    states = await session.run("cancel", *map(session.key, tasks))
    return [None if state is None else STATES[state] for state in states]


async def replay(session: Session, tasks: Sequence[TaskId]) -> list[bool]:
    answers = await session.run("replay", _ENDED_BY, *map(session.key, tasks))
    return [answer == "1" for answer in answers]


async def move(session: Session, tasks: Sequence[TaskId], queue: str) -> list[bool]:
    check_name("queue", queue)
    answers = await session.run("move", queue, *map(session.key, tasks)) if tasks else ""
    return [answer == "1" for answer in answers]


async def release_keys(session: Session, tasks: Sequence[TaskId]) -> list[bool]:
    answers = await session.run("release_keys", *map(session.key, tasks)) if tasks else ""
    return [answer == "1" for answer in answers]


async def delete(session: Session, tasks: Sequence[TaskId]) -> int:
    keys, removed = [session.key(task) for task in tasks], 0
    for first in range(0, len(keys), SLICE):
        removed += await session.run("delete", *keys[first : first + SLICE])
    return removed


async def control(session: Session, control: QueueControl, field: str, value: str) -> None:
    await session.run("control", control.queue, field, value)


async def controls(session: Session) -> list[QueueControl]:
    fields: dict[str, dict[str, str]] = defaultdict(dict)
    stored = await session.ask("HGETALL", "controls")
    for name, value in stored.items():
        kind, queue = name.split(":", 1)
        fields[queue][kind] = value
    return [
        QueueControl(
            queue=queue,
            paused="paused" in fields[queue],
            concurrency=int(fields[queue]["limit"]) if "limit" in fields[queue] else None,
        )
        for queue in sorted(fields)
    ]
