"""Storing jobs anew: copies of any job, and dead ones that leave their place to them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from taskcore.models import TaskRecord

from taskmq.errors import UniqueKeyTaken
from taskmq.storage import unique
from taskmq.vocabulary import copy_of, terms_of


async def copied(store: unique.KeyStore, record: TaskRecord) -> int:
    """Store another job like this one, due now, and return its id.

    Raises:
        UniqueKeyTaken: a job that is not over has its unique key.
    """
    (receipt,) = await unique.put(store, [copy_of(record, now=await store.now(), key=None)])
    if await unique.copied(store, [record], [receipt]) == [False]:
        raise UniqueKeyTaken(terms_of(record.meta).unique_key or "")
    return int(receipt.task)


async def moved(store: unique.KeyStore, dead: TaskRecord) -> int:
    """Do as ``replaced`` to one, due now, and return its new id.

    Raises:
        UniqueKeyTaken: a job that is not over has its unique key.
    """
    (new,) = await replaced(store, [dead], [timedelta(0)])
    if new is None:
        raise UniqueKeyTaken(terms_of(dead.meta).unique_key or _key(dead))
    return new


async def replaced(store: unique.KeyStore, dead: Sequence[TaskRecord], waits: Sequence[timedelta]) -> list[int | None]:
    """Store dead jobs anew in one commit, due after these waits, and take them off the dead list.

    Doing it twice at the same time, or again after a crash in between, makes one new job of each.

    Returns:
        The new ids; None for those that stay dead because their unique key is in use.
    """
    now = await store.now()
    copies = [copy_of(record, now=now, key=_key(record)) for record in dead]
    specs = [replace(copy, run_at=now + wait) if wait else copy for copy, wait in zip(copies, waits, strict=True)]
    receipts = await unique.put(store, specs)
    made = await unique.copied(store, dead, receipts)
    await store.delete([record.id for record, is_made in zip(dead, made, strict=True) if is_made])
    return [int(receipt.task) if is_made else None for receipt, is_made in zip(receipts, made, strict=True)]


def _key(dead: TaskRecord) -> str:
    return f"replay of {dead.id}, attempt {dead.attempt}"
