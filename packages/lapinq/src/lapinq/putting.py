"""How tasks come in: from orders, through the import policy and the checks of webhooks, into one commit."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from taskcore.engine.intake import Intake
from taskcore.errors import InvalidInput
from taskcore.models import Receipt, TaskSpec

from lapinq import wiring
from lapinq.errors import KeyTaken
from lapinq.imports import Imports
from lapinq.orders import BATCH, Order
from lapinq.schema.names import CHANGED
from lapinq.tables import Tables
from lapinq.webhooks.deliveries import Deliveries

Put = Callable[[Sequence[TaskSpec]], Awaitable[Sequence[Receipt]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an order. ``task`` is None when its TTL is 0; ``created`` is False when its idempotency key is
    that of ``task``."""

    task: UUID | None
    created: bool


NOT_STORED = Placed(None, True)


class Putting:
    """The use cases of ``lapinq.service.Service`` that store tasks.

    Args:
        imports: what may be enqueued.
        deliveries: of webhooks.
    """

    def __init__(self, store: wiring.Store, tables: Tables, imports: Imports, deliveries: Deliveries) -> None:
        self.store = store
        self.tables = tables
        self.imports = imports
        self.deliveries = deliveries
        self._intake = Intake(store.put)

    async def enqueue(self, order: Order) -> UUID | None:
        """Store a task, and return its id; None when its TTL is 0, for then nothing is stored.

        Raises:
            NotImportable: no worker would run it. InvalidInput: a value is not allowed. KeyTaken: a task in another
                queue has its idempotency key.
        """
        return (await self.place(order)).task

    async def place(self, order: Order) -> Placed:
        """Store a task, unless its idempotency key is taken; in one commit with others that come at the same time.

        Raises: as ``enqueue``.
        """
        now = await self.store.now() if order.ttl_seconds else None
        (spec,) = self._specs([order], now)
        if spec is None:
            return NOT_STORED
        receipt = await self._intake.put(spec)
        await self._check_queues([spec], [receipt])
        return _placed(receipt)

    async def enqueue_batch(self, orders: Sequence[Order]) -> Sequence[UUID]:
        """Store tasks in one commit, all or none, and return the ids of those with a TTL other than 0.

        Raises:
            InvalidInput: one of them is refused, the message says which; or there are more than ``BATCH``.
            KeyTaken: a task in another queue has an idempotency key of theirs.
        """
        if len(orders) > BATCH:
            raise InvalidInput(f"batch limit is {BATCH} tasks")
        return [placed.task for placed in await self.place_each(orders) if placed.task is not None]

    async def place_each(self, orders: Sequence[Order]) -> Sequence[Placed]:
        """``place`` for any number of tasks: in one commit, all or none.

        Raises: as ``enqueue_batch``.
        """
        return await self._put(orders, self._put_and_check if any(order.idempotency_key for order in orders) else None)

    async def enqueue_within(self, connection: Any, orders: Sequence[Order]) -> Sequence[UUID | None]:
        """Store tasks in the transaction that ``connection`` has open on this database: they exist once it commits.

        Args:
            connection: of asyncpg, or an ``AsyncConnection`` or ``AsyncSession`` of SQLAlchemy.

        Raises: as ``enqueue_batch``. InvalidInput: no transaction is open there, or it is something else.
        """

        async def put(specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
            return await self.store.put_within(connection, specs)

        return [placed.task for placed in await self._put(orders, put)]

    async def _put(self, orders: Sequence[Order], put: Put | None = None) -> Sequence[Placed]:
        now = await self.store.now() if any(order.ttl_seconds for order in orders) else None
        specs = self._specs(orders, now)
        receipts = iter(await (put or self.store.put)([spec for spec in specs if spec is not None]))
        return [NOT_STORED if spec is None else _placed(next(receipts)) for spec in specs]

    async def _put_and_check(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """In a transaction of its own, so that none is stored when one is refused."""
        async with self.tables.transaction() as connection:
            receipts = await self.store.put_within(connection, specs)
            await self._check_queues(specs, receipts, connection)
            await connection.execute(f"NOTIFY {CHANGED}")  # which the store does for those that it stores by itself
        return receipts

    async def _check_queues(
        self,
        specs: Sequence[TaskSpec],
        receipts: Sequence[Receipt],
        within: "asyncpg.pool.PoolConnectionProxy | None" = None,
    ) -> None:
        """Whoever takes the key of a task in another queue would be told of it, and have nothing stored."""
        earlier = [(spec, each.task) for spec, each in zip(specs, receipts, strict=True) if not each.created]
        queues = await self.tables.queues_of([task for _, task in earlier], within) if earlier else {}
        for spec, task in earlier:
            if queues.get(task) != spec.queue:  # also of one that was removed just now
                raise KeyTaken(spec.idempotency_key or "")

    def _specs(self, orders: Sequence[Order], now: datetime | None) -> Sequence[TaskSpec | None]:
        specs = list[TaskSpec | None]()
        checked = set[tuple[str, str]]()
        for place, order in enumerate(orders):
            try:
                if (names := (order.module_path, order.task_name)) not in checked:
                    self.imports.check(*names)
                    checked.add(names)
                self.deliveries.check(order.webhook_url)
                spec = order.spec(now)
            except InvalidInput as error:
                error.args = (f"task {place}: {error}",) if len(orders) > 1 else error.args
                raise
            specs.append(spec if order.is_stored else None)
        return specs


def _placed(receipt: Receipt) -> Placed:
    return Placed(UUID(receipt.task), receipt.created)
