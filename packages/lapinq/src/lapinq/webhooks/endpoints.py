"""Receivers that do not answer are left alone: one that failed a few times in a row is tried once a minute."""

# ruff: noqa: S608 - statements are put together from constants alone
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from taskcore.engine.admission import Wait
from taskcore.errors import StoreError
from taskcore.ids import TaskId
from taskcore.models import TaskError, TaskRecord

from lapinq.schema.names import WEBHOOK_ENDPOINTS
from lapinq.tables import Tables
from lapinq.webhooks.outbox import endpoint_of, url_of

log = logging.getLogger("lapinq.webhooks")

BROKEN_AFTER = 5
"""Failures in a row, of whatever deliveries."""
PAUSE = timedelta(minutes=1)

_BROKEN = f"""
WITH tried AS (
    UPDATE {WEBHOOK_ENDPOINTS} SET next_at = statement_timestamp() + $2
    WHERE url = ANY($1::text[]) AND failures >= {BROKEN_AFTER} AND next_at <= statement_timestamp()
    RETURNING url)
SELECT e.url, e.next_at - statement_timestamp(), t.url IS NOT NULL
FROM {WEBHOOK_ENDPOINTS} AS e LEFT JOIN tried AS t USING (url)
WHERE e.url = ANY($1::text[]) AND e.failures >= {BROKEN_AFTER}"""

_FAILED = f"""
INSERT INTO {WEBHOOK_ENDPOINTS} AS e (url, failures, next_at) VALUES ($1, 1, statement_timestamp() + $2)
ON CONFLICT (url) DO UPDATE SET failures = e.failures + 1, next_at = excluded.next_at"""
_ANSWERED = f"DELETE FROM {WEBHOOK_ENDPOINTS} WHERE url = $1"


class Endpoints:
    """The engine's ``Admission`` for deliveries: those to a receiver that is broken wait, but for one a minute."""

    def __init__(self, tables: Tables, pause: timedelta = PAUSE) -> None:
        self._tables, self._pause = tables, pause

    async def failed(self, url: str) -> None:
        """A delivery has failed."""
        async with self._tables.transaction() as connection:
            await connection.execute(_FAILED, endpoint_of(url), self._pause)

    async def answered(self, url: str) -> None:
        """A delivery was taken."""
        async with self._tables.transaction() as connection:
            await connection.execute(_ANSWERED, endpoint_of(url))

    async def forgive(self, url: str) -> bool:
        """Believe in a receiver again: what waits goes out within a minute. False when it was not doubted."""
        async with self._tables.transaction() as connection:
            return bool(await connection.fetchval(f"{_ANSWERED} RETURNING true", endpoint_of(url)))

    async def waits(self, tasks: Sequence[TaskRecord]) -> Mapping[TaskId, Wait]:
        """Those of ``tasks`` that must wait."""
        places = {task.id: endpoint_of(url_of(task.payload)) for task in tasks}
        try:
            async with self._tables.transaction() as connection:
                rows = await connection.fetch(_BROKEN, sorted(set(places.values())), self._pause)
        except StoreError as error:
            log.warning("which receivers of webhooks are broken is not known: %s", error)
            return {}
        return self._waits(places, rows)

    def _waits(self, places: Mapping[TaskId, str], rows: Sequence[Any]) -> Mapping[TaskId, Wait]:
        left = {url: self._pause if is_tried or left <= timedelta(0) else left for url, left, is_tried in rows}
        free = {url for url, _, is_tried in rows if is_tried}
        waits = dict[TaskId, Wait]()
        for task, url in places.items():
            if url in free:
                free.remove(url)
            elif url in left:
                waits[task] = Wait(left[url], TaskError("ReceiverBroken", "the receiver did not answer others"))
        return waits
