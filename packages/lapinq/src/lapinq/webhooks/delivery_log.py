"""The log of deliveries: which messages went where, and what became of them; and the receivers by how they do."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from taskcore.clock import from_micros
from taskcore.models import TaskError
from taskcore.pagination import Cursor, Page, checked_limit
from taskcore.states import AT_REST, TaskState

from lapinq import documents
from lapinq.schema.names import CORE, HOOKS, WEBHOOK_ENDPOINTS, WEBHOOKS_DUE
from lapinq.tables import Tables
from lapinq.webhooks.endpoints import BROKEN_AFTER
from lapinq.webhooks.entries import STATES, STATUS, DeliveryFilter, Entry, Measured, Receiver
from lapinq.webhooks.message import MESSAGE
from lapinq.webhooks.outbox import endpoint_of
from lapinq.webhooks.sending import code_of, status_of

LOOKED_AT = 10_000
"""Deliveries, the newest, of which receivers are counted."""

_QUEUE = f"""coalesce(t.meta::json ->> 'queue',
    (SELECT c.queue FROM {CORE}_tasks AS c WHERE c.id = split_part(t.idempotency_key, ':', 1)))"""

_ENTRIES = f"""
SELECT t.id, t.state, t.failures + t.losses + (t.state = 'succeeded')::integer AS attempts, t.created_at, t.run_at,
    t.finished_at, t.result, t.error, t.payload::json ->> 'url' AS url, t.payload::json ->> 'body' AS body,
    {_QUEUE} AS queue
FROM (SELECT * FROM {HOOKS}_tasks AS t {{where}} ORDER BY t.id DESC LIMIT {{limit}}) AS t ORDER BY t.id DESC"""

_WITH = f"SELECT id FROM {HOOKS}_tasks WHERE replace(id, '-', '') LIKE $1 LIMIT 2"

_RECEIVERS = f"""
WITH told AS (
    SELECT t.meta::json ->> 'endpoint' AS url, t.state, t.finished_at
    FROM (SELECT * FROM {HOOKS}_tasks ORDER BY id DESC LIMIT {LOOKED_AT}) AS t WHERE t.meta IS NOT NULL),
counted AS (
    SELECT url, count(*) FILTER (WHERE state = 'succeeded') AS delivered,
        count(*) FILTER (WHERE state IN ('pending', 'running')) AS waiting,
        count(*) FILTER (WHERE state NOT IN ('succeeded', 'pending', 'running')) AS failed,
        max(finished_at) AS last
    FROM told GROUP BY url)
SELECT coalesce(c.url, e.url) AS url, coalesce(delivered, 0) AS delivered, coalesce(waiting, 0) AS waiting,
    coalesce(failed, 0) AS failed, last, coalesce(e.failures, 0) AS failures, e.since, e.next_at
FROM counted AS c FULL JOIN {WEBHOOK_ENDPOINTS} AS e ON e.url = c.url
ORDER BY coalesce(e.failures, 0) DESC, 1 LIMIT 200"""

_MEASURED = f"""
SELECT (SELECT count(*) FROM {WEBHOOK_ENDPOINTS} WHERE failures >= {BROKEN_AFTER}) AS broken,
    (SELECT count(*) FROM {WEBHOOKS_DUE}) AS due,
    count(*) AS waiting, count(*) FILTER (WHERE failures > 0) AS retrying, min(created_at) AS oldest
FROM {HOOKS}_tasks WHERE ready IN (0, 1)"""


class DeliveryLog:
    """Reads it. Every method raises ``StoreUnavailable`` when the database cannot be reached."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def page(
        self, wanted: DeliveryFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Entry]:
        """One page, newest first.

        Raises:
            InvalidInput: a bad limit. BadCursor: a cursor of another listing.
        """
        wanted, limit = wanted or DeliveryFilter(), checked_limit(limit)
        bound = {**asdict(wanted), "queues": None}
        after = None if cursor is None else str(Cursor.decode(cursor, bound).key[0])
        found = await self._entries(wanted, after, limit + 1)
        more = len(found) > limit
        last = Cursor((found[limit - 1].id.removeprefix(MESSAGE),)).encode(bound) if more else None
        return Page(tuple(found[:limit]), last)

    async def get(self, delivery: str) -> Entry | None:
        """The delivery with this id, as ``webhook-id`` has it."""
        id_ = delivery.removeprefix(MESSAGE)
        if "\0" in id_ or not id_.isascii():
            return None
        found = await self._fetch("WHERE t.id = $1", [id_], 1)
        return found[0] if found else None

    async def ids(self, wanted: DeliveryFilter, after: str | None, limit: int) -> Sequence[str]:
        """The ids of deliveries, newest first, those behind ``after``."""
        return [entry.id for entry in await self._entries(wanted, after, limit)]

    async def ids_with(self, digits: str) -> Sequence[str]:
        """Up to two ids that contain these hex digits."""
        async with self._tables.transaction() as connection:
            return [f"{MESSAGE}{id_}" for (id_,) in await connection.fetch(_WITH, f"%{digits}%")]

    async def count(self, wanted: DeliveryFilter) -> int:
        """How many deliveries meet a filter."""
        if wanted.is_hopeless:
            return 0
        where, values = _where(wanted, None)
        async with self._tables.transaction() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {HOOKS}_tasks AS t {where}", *values))

    async def receivers(self) -> Sequence[Receiver]:
        """The receivers of late, those that fail first; 200 at the most."""
        async with self._tables.transaction() as connection:
            return [_receiver(row) for row in await connection.fetch(_RECEIVERS)]

    async def measured(self) -> Measured:
        """Numbers to watch."""
        async with self._tables.transaction() as connection:
            row = await connection.fetchrow(_MEASURED)
        return Measured(row["broken"], row["due"] + row["waiting"], row["retrying"], _instant(row["oldest"]))

    async def _entries(self, wanted: DeliveryFilter, after: str | None, limit: int) -> Sequence[Entry]:
        if wanted.is_hopeless:
            return ()
        return await self._fetch(*_where(wanted, after), limit)

    async def _fetch(self, where: str, values: Sequence[object], limit: int) -> Sequence[Entry]:
        async with self._tables.transaction() as connection:
            rows = await connection.fetch(_ENTRIES.format(where=where, limit=limit), *values)
        return [_entry(row) for row in rows]


def _where(wanted: DeliveryFilter, after: str | None) -> tuple[str, Sequence[object]]:
    conditions, values = list[str](), list[object]()
    for text, value in _conditions(wanted, after):
        values.append(value)
        conditions.append(text.replace("{}", f"${len(values)}"))
    return f"WHERE {' AND '.join(conditions)}" if conditions else "", values


def _conditions(wanted: DeliveryFilter, after: str | None) -> Iterator[tuple[str, object]]:
    if wanted.status:
        states = [state.value for state in STATES[wanted.status]]
        # What has an index, where it has one.
        yield ("t.rare" if wanted.status == "failed" else "t.state") + " = ANY({}::text[])", states
    if wanted.endpoint:
        yield "t.meta::json ->> 'endpoint' = {}", endpoint_of(wanted.endpoint)
    if wanted.task:
        yield "t.idempotency_key >= {} || ':' AND t.idempotency_key < {} || ';'", wanted.task
    if wanted.queues is not None:
        yield f"{_QUEUE} = ANY({{}}::text[])", sorted(wanted.queues)
    if after is not None:
        yield "t.id < {}", after


def _entry(row: Any) -> Entry:
    state, body = TaskState(row["state"]), documents.load(row["body"])
    error = None if row["error"] is None else TaskError.load(row["error"]).message
    error = None if state is TaskState.SUCCEEDED else error
    return Entry(
        id=f"{MESSAGE}{row['id']}",
        status=STATUS[state],
        task=body["task_id"],
        event=body["status"],
        queue=row["queue"],
        endpoint=endpoint_of(row["url"]),
        attempts=row["attempts"],
        status_code=code_of(row["result"]) if state is TaskState.SUCCEEDED else status_of(error or ""),
        error=error,
        created_at=from_micros(row["created_at"]),
        next_attempt_at=_instant(row["run_at"]) if state is TaskState.PENDING else None,
        ended_at=_instant(row["finished_at"]) if state in AT_REST else None,  # else it is the last attempt's
    )


def _receiver(row: Any) -> Receiver:
    is_open = row["failures"] >= BROKEN_AFTER
    return Receiver(
        url=row["url"],
        delivered=row["delivered"],
        waiting=row["waiting"],
        failed=row["failed"],
        last_at=_instant(row["last"]),
        failures=row["failures"],
        since=row["since"],
        is_open=is_open,
        next_at=row["next_at"] if is_open else None,
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
