"""Jobs of which only one with a key is pending or running at a time.

A unique key is the core's idempotency key, which one task has for as long as it is stored, with one thing more: a job
that is over gives it away to whoever asks for it next. The store hands a key out once and takes it from tasks at rest
alone, so of any number of callers one stores the next job and the others are answered with it. Nobody needs a lock, and
a process that dies between two steps leaves nothing to clean up.
"""

from asyncio import gather
from collections.abc import Sequence
from typing import Protocol

from taskcore.ids import TaskId
from taskcore.models import Receipt, TaskRecord, TaskSpec
from taskcore.ports import Rearranging, TaskStore
from taskcore.states import AT_REST, TaskState

from taskmq.errors import UniqueKeyTaken
from taskmq.vocabulary import is_unique, terms_of


class KeyStore(TaskStore, Rearranging, Protocol):
    """A store that can let go of keys."""


async def put(store: KeyStore, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
    """Store orders in one commit; those whose unique key a job has that is over follow in another one."""
    receipts = list(await store.put(specs))
    while numbers := await _released(store, specs, receipts):
        again = await store.put([specs[number] for number in numbers])
        for number, receipt in zip(numbers, again, strict=True):
            receipts[number] = receipt
    return receipts


async def replay(store: KeyStore, record: TaskRecord) -> bool:
    """Let a job that is over run again under its id; False when it is not over.

    Raises:
        UniqueKeyTaken: another job has got its unique key.
    """
    key = terms_of(record.meta).unique_key or ""
    if has_lost_its_key(record):
        raise UniqueKeyTaken(key)
    (replayed,) = await store.replay([record.id])
    if key and replayed and (again := await store.get(record.id)) is not None and has_lost_its_key(again):
        await store.cancel([record.id])  # somebody took the key at that very moment
        raise UniqueKeyTaken(key)
    return replayed


async def copied(store: TaskStore, records: Sequence[TaskRecord], receipts: Sequence[Receipt]) -> Sequence[bool]:
    """Which of these jobs have a copy now; of the others the unique key is in use."""
    return [
        receipt.created or await _is_copy(store, receipt.task, record)
        for record, receipt in zip(records, receipts, strict=True)
    ]


async def _is_copy(store: TaskStore, task: TaskId, record: TaskRecord) -> bool:
    """Whether it was made by an earlier try; anybody may have put another job with its key."""
    holder = await store.get(task)
    return holder is not None and terms_of(holder.meta).replay_of == int(record.id)


def has_lost_its_key(record: TaskRecord) -> bool:
    """Whether another job has got its unique key, so that it cannot run again."""
    return terms_of(record.meta).unique_key is not None and record.idempotency_key is None


async def _released(store: KeyStore, specs: Sequence[TaskSpec], receipts: Sequence[Receipt]) -> list[int]:
    """The orders that were refused for the sake of a job that is over, which has given its key away now."""
    refused = [
        number for number, (spec, receipt) in enumerate(zip(specs, receipts, strict=True))
        if not receipt.created and is_unique(spec)
    ]  # fmt: skip
    if not refused:
        return []
    holders = {receipts[number].task for number in refused}
    records = await gather(*map(store.get, holders))
    states = {task: None if record is None else record.state for task, record in zip(holders, records, strict=True)}
    over = [task for task, state in states.items() if state in AT_REST]
    if over:
        await store.release_keys(over)
    return [number for number in refused if _is_over(states[receipts[number].task])]


def _is_over(state: TaskState | None) -> bool:
    return state is None or state in AT_REST
