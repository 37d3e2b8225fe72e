"""The one way for new jobs into a store, whoever brings them."""

from collections.abc import Sequence
from typing import cast

from taskcore.models import Receipt, TaskSpec
from taskcore.ports import TaskStore

from taskmq.storage import dependencies, unique


async def put(store: TaskStore, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
    """Store orders, and answer in the same order.

    Raises:
        InvalidInput: one of them would wait for ever; nothing was stored.
    """
    await dependencies.check(store, specs)
    return await unique.put(keys_of(store), specs)


def keys_of(store: TaskStore) -> unique.KeyStore:
    """The store as one that can let go of keys: all that ``wiring`` opens can, and no other comes here."""
    return cast(unique.KeyStore, store)
