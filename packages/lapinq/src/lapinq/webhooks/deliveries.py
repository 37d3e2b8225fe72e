"""Deliveries of webhooks, for whoever asks what became of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from taskcore.errors import TaskNotFound
from taskcore.ids import TaskId
from taskcore.models import Attempt, TaskRecord
from taskcore.states import Event, TaskState

from lapinq import wiring
from lapinq.settings import Settings
from lapinq.tables import Tables
from lapinq.webhooks.addresses import check_literal
from lapinq.webhooks.delivery_log import DeliveryLog
from lapinq.webhooks.endpoints import Endpoints
from lapinq.webhooks.entries import STATUS, DeliveryFilter, Entry, Try
from lapinq.webhooks.message import MESSAGE
from lapinq.webhooks.outbox import Outbox, body_of
from lapinq.webhooks.sealing import Seal
from lapinq.webhooks.secrets import Secrets
from lapinq.webhooks.sending import code_of, status_of

AT_A_TIME = 500
"""Deliveries of one commit."""

_TRIED = (None, Event.SUCCEED, Event.RETRY, Event.FAIL, Event.LOSE)
"""How attempts end that have reached for the receiver; others only waited for it to answer again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery and the attempts to make it."""

    record: TaskRecord
    attempts: Sequence[Attempt]

    @property
    def body(self) -> str:
        """What is told."""
        return body_of(self.record.payload).decode()

    @property
    def tries(self) -> Sequence[Try]:
        """What was answered, first to last."""
        return [_try(attempt) for attempt in self.attempts if attempt.ended in _TRIED]

    def document(self) -> dict[str, Any]:
        """The JSON form; nothing of it is secret."""
        record = self.record
        is_pending = record.state is TaskState.PENDING
        return {
            "id": f"{MESSAGE}{record.id}",
            "status": STATUS[record.state],
            "created_at": record.created_at.isoformat(),
            "next_attempt_at": record.run_at.isoformat() if is_pending else None,
            "attempts": [each.document() for each in self.tries],
        }


class Deliveries:
    """What this package keeps of webhooks, opened when it is asked for first.

    Args:
        tables: of the tasks, on the same database.

    Attributes:
        log: what was told to whom. endpoints: who did not take it. secrets: what it is signed with.
    """

    def __init__(self, settings: Settings, tables: Tables) -> None:
        self._settings, self._tables = settings, tables
        self.log, self.endpoints = DeliveryLog(tables), Endpoints(tables)
        self.secrets = Secrets(tables, settings.webhook_keys, Seal(settings.encryption_keys))
        self._opening = asyncio.Lock()
        self._store: wiring.Store | None = None

    async def store(self) -> wiring.Store:
        """The tasks that deliver.

        Raises:
            StoreUnavailable: the database is away.
        """
        async with self._opening:
            if self._store is None:
                self._store = await wiring.open_deliveries(self._settings)
            return self._store

    async def outbox(self) -> Outbox:
        """Where notes of ended tasks become deliveries. Raises: as ``store``."""
        return Outbox(self._tables, await self.store())

    async def close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    def check(self, url: str | None) -> None:
        """Refuse a webhook that surely goes where none may go.

        Raises:
            Refused: that is so.
        """
        if url is not None and not self._settings.webhook_allow_private:
            check_literal(url)

    async def of_task(self, task: TaskId) -> Sequence[Delivery]:
        """The deliveries about a task, first to last."""
        store = await self.store()
        records = [await store.get(id_) for id_ in await (await self.outbox()).of_task(task)]
        return [Delivery(record, await store.attempts(record.id)) for record in records if record is not None]

    async def replay(self, task: TaskId, delivery: str) -> None:
        """Deliver again at once, with the id and the body that it had.

        Raises:
            TaskNotFound: there is no such delivery about the task, or it is under way.
        """
        id_ = TaskId(delivery.removeprefix(MESSAGE))
        if id_ not in await (await self.outbox()).of_task(task) or not await self.again(delivery):
            raise TaskNotFound(delivery)

    async def again(self, delivery: str) -> bool:
        """The same, whatever task it is about. False when it is not there, or is under way."""
        store = await self.store()
        (done,) = await store.replay([TaskId(delivery.removeprefix(MESSAGE))])
        return done

    async def again_all(self, wanted: DeliveryFilter) -> int:
        """The same for every delivery that meets a filter and was given up; answers how many that were."""
        store, failed, made = await self.store(), replace(wanted, status="failed"), 0
        after: str | None = None
        while some := await self.log.ids(failed, after, AT_A_TIME):
            made += sum(await store.replay([TaskId(each.removeprefix(MESSAGE)) for each in some]))
            after = some[-1].removeprefix(MESSAGE)
        return made

    async def get(self, delivery: str) -> tuple[Entry, Delivery] | None:
        """A delivery with the attempts to make it, if there is one."""
        entry = await self.log.get(delivery)
        if entry is None:
            return None
        store = await self.store()
        record = await store.get(TaskId(entry.id.removeprefix(MESSAGE)))
        return None if record is None else (entry, Delivery(record, await store.attempts(record.id)))


def _try(attempt: Attempt) -> Try:
    error = attempt.error.message if attempt.error else None
    ended = attempt.finished_at
    return Try(
        number=attempt.number,
        started_at=attempt.started_at,
        took=ended - attempt.started_at if ended else None,
        status_code=code_of(attempt.result) or status_of(error or ""),
        error=error,
    )
