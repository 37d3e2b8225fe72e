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
    key = terms_of(record.meta).unique_key
    if key is not None and record.idempotency_key is None:
        raise UniqueKeyTaken(key)
    (replayed,) = await store.replay([record.id])
    if key is not None and replayed and await _has_lost_its_key(store, record.id):
        await store.cancel([record.id])
        raise UniqueKeyTaken(key)
    return replayed


async def refuse_others(store: TaskStore, holder: TaskId, record: TaskRecord) -> None:
    """Raise unless the holder of a key is itself a copy of this job.

    Raises:
        UniqueKeyTaken: it is another one.
    """
    found, key = await store.get(holder), terms_of(record.meta).unique_key
    if key is not None and (found is None or terms_of(found.meta).replay_of != int(record.id)):
        raise UniqueKeyTaken(key)


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


async def _has_lost_its_key(store: TaskStore, task: TaskId) -> bool:
    """Whether somebody took it while the job was being replayed."""
    record = await store.get(task)
    return record is not None and record.idempotency_key is None
