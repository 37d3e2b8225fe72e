"""``Storage``: the tasks of a database for programs that do without the server. Rows are plain dicts."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from taskcore.auth.stores import AccountStore
from taskcore.errors import InvalidInput, SchemaMismatch, TaskcoreError, TaskNotFound

from lapinq import wiring
from lapinq.errors import NotFailed, NotPending
from lapinq.orders import Order
from lapinq.schema.former import MIGRATIONS, NOTIFY_SQL, SQL_SCHEMA, USERS_SCHEMA
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage_changes import StoredChanges
from lapinq.storage_users import StoredUsers
from lapinq.storage_work import StoredWork
from lapinq.tables import Filter
from lapinq.task import uuid_of
from lapinq.vocabulary import RETRY_BACKOFF_SECONDS

__all__ = [
    "DB_TIMEOUT",
    "MIGRATIONS",
    "NOTIFY_SQL",
    "PBKDF2_ITERATIONS",
    "RETRY_BACKOFF_SECONDS",
    "SQL_SCHEMA",
    "USERS_SCHEMA",
    "Storage",
]

DB_TIMEOUT = Settings().db_timeout
PBKDF2_ITERATIONS = 600_000
"""Of the hashes that 1.3.0 wrote. They are verified, and replaced by Argon2 ones when their owners next log in."""

log = logging.getLogger("lapinq.storage")

Row = dict[str, Any]


class Storage(StoredWork, StoredChanges, StoredUsers):
    """The tasks of one database, for the event loop that opened it.

    What it is asked to do it does like the server: the same checks, the same import policy. Work, changes and users are
    in the modules beside this one. Ids of tasks may be text, too; one that is no UUID is an ``InvalidInput``.

    Attributes:
        service: the use cases that it is made of.
        pool: connections of asyncpg; leave the core's tables ``lapinq_core_*`` alone.
    """

    def __init__(self, service: Service, settings: Settings | None = None) -> None:
        StoredWork.__init__(self, service, settings or Settings())
        StoredChanges.__init__(self, service)
        self.pool = service.tables.pool
        self._opening = asyncio.Lock()
        self._accounts: AccountStore | None = None

    @classmethod
    async def create(cls, database_url: str, max_size: int | None = None, max_retries: int = 5) -> Self:
        """Connect, and bring the tables to this release; a server that is away is waited for, 2, 4, 6, ... seconds.

        Args:
            max_size: connections; by default ``LAPINQ_POOL_SIZE``, or 10.

        Raises:
            RuntimeError: after ``max_retries`` attempts. InvalidInput: the URL is none. SchemaMismatch: the tables are
                of a later release.
        """
        return await cls.open(Settings.from_env(os.environ, database_url=database_url, pool_size=max_size), max_retries)

    @classmethod
    async def open(cls, settings: Settings, max_retries: int = 5) -> Self:
        """The same, for settings that are known.

        Raises: as ``create``.
        """
        for attempt in range(1, max_retries + 1):
            try:
                return cls(await Service.open(settings), settings)
            except (InvalidInput, SchemaMismatch):
                raise
            except TaskcoreError as error:
                log.warning("database connection failed (attempt %d/%d): %s", attempt, max_retries, error)
                if attempt == max_retries:
                    raise RuntimeError(f"Could not connect to database after {max_retries} attempts") from error
                await asyncio.sleep(2 * attempt)
        raise InvalidInput(f"max_retries must be 1 or more, got {max_retries}")

    async def close(self) -> None:
        await self.stop_listening()
        await self._forget_users()
        accounts, self._accounts = self._accounts, None
        if accounts is not None:
            await accounts.close()
        await self.service.close()

    async def account_store(self) -> AccountStore:
        """Users, sessions and keys of the database; opened when somebody asks first.

        Raises:
            StoreUnavailable: they cannot be reached.
        """
        async with self._opening:
            if self._accounts is None:
                self._accounts = await wiring.open_accounts(self.settings)
            return self._accounts

    # Putting

    async def enqueue(
        self,
        task_name: str,
        queue_name: str,
        module_path: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        scheduled_at: datetime | None = None,
        max_retries: int = 3,
        priority: int = 0,
        ttl_seconds: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        retry_delay: float | None = None,
        retry_backoff: bool | None = None,
        webhook_url: str | None = None,
    ) -> UUID | None:
        """Store a task, and return its id; None when ``ttl_seconds`` is 0, for then nothing is stored.

        Raises:
            InvalidInput: a value is not allowed, or no worker would run it.
        """
        asked = {name: value for name, value in locals().items() if name != "self"}
        return await self.service.enqueue(Order.from_json(asked))

    async def enqueue_batch(self, tasks: Sequence[Mapping[str, Any]]) -> list[UUID]:
        """Store tasks in one commit, all or none. The keys of each are the names of the parameters of ``enqueue``,
        and ``idempotency_key``.

        Raises: as ``enqueue``.
        """
        orders = [Order.from_json(task) for task in tasks]
        return [placed.task for placed in await self.service.place_each(orders) if placed.task is not None]

    async def enqueue_within(self, connection: Any, tasks: Sequence[Mapping[str, Any]]) -> list[UUID]:
        """Store tasks in the transaction that ``connection`` has open: they exist once it commits, and never otherwise.

        Args:
            connection: of asyncpg, or an ``AsyncConnection`` or ``AsyncSession`` of SQLAlchemy, on this database.
            tasks: as of ``enqueue_batch``; ``order(...)`` of a declared function makes one.

        Raises: as ``enqueue``. InvalidInput: no transaction is open there, or it is something else.
        """
        orders = [Order.from_json(task) for task in tasks]
        return [task for task in await self.service.enqueue_within(connection, orders) if task is not None]

    # Reading

    async def get_task(self, task_id: UUID | str) -> Row | None:
        try:
            return (await self.service.get(uuid_of(task_id))).row()
        except TaskNotFound:
            return None

    async def get_task_result(self, task_id: UUID | str) -> Row | None:
        """``id``, ``status``, ``result``, ``error`` and ``completed_at``, whatever the status."""
        try:
            return (await self.service.get(uuid_of(task_id))).outcome()
        except TaskNotFound:
            return None

    async def list_tasks(
        self, queue_name: str | None = None, status: str | None = None, task_name: str | None = None, limit: int = 50
    ) -> list[Row]:
        """The newest tasks first; at most 1,000."""
        return await self._rows(Filter(queue=queue_name, status=status, task_name=task_name), limit)

    async def list_failed_tasks(self, queue_name: str | None = None, limit: int = 50) -> list[Row]:
        return await self._rows(Filter(queue=queue_name, status="failed"), limit)

    async def queue_stats(self) -> list[Row]:
        """One dict a queue: ``queue_name``, and how many tasks have each status."""
        return [stats.document() for stats in await self.service.queues()]

    async def _rows(self, wanted: Filter, limit: int) -> list[Row]:
        """None at all are a page here, as 1.3.0 had it, though none of the server's."""
        return [] if limit == 0 else [task.row() for task in (await self.service.list(wanted, limit=limit)).items]

    # Changing

    async def update_progress(self, task_id: UUID | str, progress: float, message: str | None = None) -> None:
        """Say how far a task is, from 0 to 100; without a message the earlier one is cleared.

        Raises:
            TaskNotFound: there is no such task. InvalidInput: not from 0 to 100.
        """
        await self.service.set_progress(uuid_of(task_id), progress, message)

    async def update_task_metadata(self, task_id: UUID | str, metadata: Mapping[str, Any]) -> None:
        """Replace the keys of a task's metadata that ``metadata`` has.

        Raises:
            TaskNotFound: there is no such task.
        """
        await self.service.merge_metadata(uuid_of(task_id), metadata)

    async def requeue_task(self, task_id: UUID | str) -> bool:
        """False when there is no such task, or it has not failed."""
        try:
            await self.service.requeue(uuid_of(task_id))
        except NotFailed:
            return False
        return True

    async def cancel_task(self, task_id: UUID | str) -> bool:
        """False when there is no such task, or it is not pending."""
        try:
            await self.service.cancel(uuid_of(task_id))
        except NotPending:
            return False
        return True

    async def delete_tasks(
        self,
        queue_name: str | None = None,
        status: str | None = None,
        task_name: str | None = None,
        args_search: str | None = None,
        result_search: str | None = None,
        error_search: str | None = None,
    ) -> int:
        """Remove every task that meets the conditions, of whatever status.

        Raises:
            InvalidInput: there is no condition.
        """
        wanted = Filter(
            queue=queue_name,
            status=status,
            task_name=task_name,
            args=args_search,
            result=result_search,
            error=error_search,
        )
        return await self.service.delete(wanted)

    async def cleanup_expired_tasks(self) -> int:
        """Expire pending tasks whose time to live is over and remove finished ones; how many that were."""
        swept = await self.service.sweep()
        return swept.expired + swept.removed

    async def archive_old_tasks(self, max_age_days: float = 30, batch_size: int = 1000) -> int:
        """Remove tasks that finished longer ago, and answer how many."""
        return await self.service.archive(timedelta(days=max_age_days), batch_size)
