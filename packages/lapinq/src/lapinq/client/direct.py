"""Tasks that the application stores by itself, in a transaction of its own on the database that has the others."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from taskcore.errors import InvalidInput
from taskcore.models import TaskSpec

from lapinq import wiring
from lapinq.imports import check_names
from lapinq.orders import Order


async def put_in(connection: Any, body: Mapping[str, Any]) -> UUID | None:
    """Store a task in the transaction of a connection of asyncpg, or an ``AsyncConnection`` or ``AsyncSession``.

    Args:
        body: as of a request to enqueue.

    Returns:
        Its id; None when its TTL is 0, for then nothing is stored.

    Raises:
        InvalidInput: a value is not allowed, it is no such connection, or no transaction is open on it.
        SchemaMismatch: the database has no tables of this release; a server or a worker makes them when it starts.
    """
    if not _is_async(connection):
        raise _foreign(connection, "AsyncTaskQueue", "TaskQueue")
    order = _order(body)
    now = await wiring.TRANSACTIONS.now_within(connection) if order.ttl_seconds else None
    spec = _spec(order, now)
    return None if spec is None else UUID((await wiring.TRANSACTIONS.put_within(connection, [spec]))[0].task)


def put_in_sync(session: Any, body: Mapping[str, Any]) -> UUID | None:
    """The same for a ``Connection`` or ``Session`` of SQLAlchemy, with whatever driver."""
    if _is_async(session) or not hasattr(session, "begin_nested"):
        raise _foreign(session, "TaskQueue", "AsyncTaskQueue")
    order = _order(body)
    now = wiring.TRANSACTIONS.now_within_sync(session) if order.ttl_seconds else None
    spec = _spec(order, now)
    return None if spec is None else UUID(wiring.TRANSACTIONS.put_within_sync(session, [spec])[0].task)


def _order(body: Mapping[str, Any]) -> Order:
    """Workers have the last word on what they run: which import roots they have is not known here."""
    order = Order.from_json(body)
    check_names(order.module_path, order.task_name)
    return order


def _spec(order: Order, now: datetime | None) -> TaskSpec | None:
    spec = order.spec(now)  # which checks what is not stored, too
    return spec if order.is_stored else None


def _is_async(connection: object) -> bool:
    return hasattr(connection, "run_sync") or hasattr(connection, "is_in_transaction")


def _foreign(connection: object, mine: str, other: str) -> InvalidInput:
    takes = {
        "AsyncTaskQueue": "a connection of asyncpg, or an AsyncConnection or AsyncSession of SQLAlchemy",
        "TaskQueue": "a Connection or Session of SQLAlchemy",
    }
    return InvalidInput(
        f"{mine}.enqueue_in needs {takes[mine]}, got {type(connection).__name__}; {takes[other]} goes to "
        f"{other}.enqueue_in"
    )
