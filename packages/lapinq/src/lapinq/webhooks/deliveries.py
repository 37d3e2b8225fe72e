"""Deliveries of webhooks, for whoever asks what became of them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from taskcore.errors import TaskNotFound
from taskcore.ids import TaskId
from taskcore.models import Attempt, TaskRecord
from taskcore.states import Event, TaskState

from lapinq import documents, wiring
from lapinq.settings import Settings
from lapinq.tables import Tables
from lapinq.webhooks.addresses import check_literal
from lapinq.webhooks.message import MESSAGE
from lapinq.webhooks.outbox import Outbox
from lapinq.webhooks.sending import status_of

_STATUS = {TaskState.PENDING: "pending", TaskState.RUNNING: "running", TaskState.SUCCEEDED: "delivered"}
_TRIED = (None, Event.SUCCEED, Event.RETRY, Event.FAIL, Event.LOSE)
"""How attempts end that have reached for the receiver; others only waited for it to answer again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery and the attempts to make it."""

    record: TaskRecord
    attempts: Sequence[Attempt]

    def document(self) -> dict[str, Any]:
        """The JSON form; nothing of it is secret."""
        record = self.record
        is_pending = record.state is TaskState.PENDING
        return {
            "id": f"{MESSAGE}{record.id}",
            "status": _STATUS.get(record.state, "failed"),
            "created_at": record.created_at.isoformat(),
            "next_attempt_at": record.run_at.isoformat() if is_pending else None,
            "attempts": [_attempt(attempt) for attempt in self.attempts if attempt.ended in _TRIED],
        }


class Deliveries:
    """What this package keeps of webhooks, opened when it is asked for first.

    Args:
        tables: of the tasks, on the same database.
    """

    def __init__(self, settings: Settings, tables: Tables) -> None:
        self._settings, self._tables = settings, tables
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
        store = await self.store()
        if id_ not in await (await self.outbox()).of_task(task) or not (await store.replay([id_]))[0]:
            raise TaskNotFound(delivery)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    error = attempt.error.message if attempt.error else None
    ended = attempt.finished_at
    return {
        "attempt": attempt.number,
        "started_at": attempt.started_at.isoformat(),
        "seconds": round((ended - attempt.started_at).total_seconds(), 3) if ended else None,
        "status_code": _code(attempt.result) or status_of(error or ""),
        "error": error,
    }


def _code(result: str | None) -> int | None:
    with suppress(TypeError, ValueError, KeyError):
        return int(documents.load(result or "")["status_code"])
    return None
