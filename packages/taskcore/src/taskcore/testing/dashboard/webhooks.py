"""Webhooks of the sample: some went well, one endpoint does not answer, and what waits for it grows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle, islice

from taskcore.ui.models import Action, ActionResult, Order
from taskcore.ui.models.webhooks import (
    DeliveryDetail,
    DeliveryFilter,
    DeliveryPage,
    DeliveryRow,
    DeliveryStatus,
    DeliveryTry,
    EndpointRow,
    SecretRow,
)

ACTIONS = frozenset({Action.REPLAY_WEBHOOK, Action.CLOSE_CIRCUIT, Action.END_SECRET})
GONE = "it is not there any more"
_GOOD, _BAD = "https://crm.example.com/hooks/tasks", "https://legacy.example.com/notify"
_ID = "msg_01930000-0000-7000-8000-{:012d}"


class SampleWebhooks:
    """``WebhookPart``, and the actions on it.

    Args:
        tasks: ids of those that it tells of.
        extra: texts for wherever text can be.
    """

    def __init__(self, now: datetime, tasks: Sequence[str], extra: Sequence[str] = ()) -> None:
        self._now = now
        self._rows = {row.id: row for row in _rows(now, tasks, extra)}
        self._endpoints = {row.url: row for row in _endpoints(now, extra)}
        self._secrets = {
            "1": SecretRow(id="1", fingerprint="9f2c41d07a55", source="database", created_at=now - timedelta(hours=2)),
            "": SecretRow(id="", fingerprint="03ab77e1c9d4", source="environment"),
        }

    async def deliveries(self, wanted: DeliveryFilter) -> DeliveryPage:
        newest = sorted(self._rows.values(), key=lambda row: row.id, reverse=True)
        found = [row for row in newest if _meets(row, wanted) and (wanted.after is None or row.id < wanted.after)]
        shown = tuple(found[: wanted.limit])
        return DeliveryPage(rows=shown, older=shown[-1].id if len(found) > wanted.limit else None)

    async def delivery(self, delivery: str) -> DeliveryDetail | None:
        row = self._rows.get(delivery)
        if row is None:
            return None
        tries = [_try(row, number) for number in range(1, row.attempts + 1)]
        body = {"task_id": row.task, "status": row.event, "result": {"token": "hunter2"}, "error": None}
        return DeliveryDetail(row=row, tries=tuple(tries), body=body)

    async def endpoints(self) -> Sequence[EndpointRow]:
        return sorted(self._endpoints.values(), key=lambda row: (-row.failures, row.url))

    async def secrets(self) -> Sequence[SecretRow]:
        return list(self._secrets.values())

    async def rotate(self, grace: timedelta) -> tuple[SecretRow, str]:
        ends = self._now + grace
        old = {id_: row if not id_ else replace(row, ends_at=ends) for id_, row in self._secrets.items()}
        made = SecretRow(id=str(len(old)), fingerprint="5d1be20c3f68", source="database", created_at=self._now)
        self._secrets = {made.id: made, **old}
        return made, "whsec_c2FtcGxlIHNlY3JldCBvZiBhIHNhbXBsZSB0aGF0"

    def act(self, order: Order) -> ActionResult:
        """Replay, close or end."""
        skipped = {target: GONE for target in order.targets if not self._one(order.action, target)}
        return ActionResult(done=len(order.targets) - len(skipped), skipped=skipped)

    def _one(self, action: Action, target: str) -> bool:
        match action:
            case Action.REPLAY_WEBHOOK if target in self._rows:
                self._rows[target] = replace(
                    self._rows[target], status=DeliveryStatus.PENDING, next_at=self._now, ended_at=None
                )
                return True
            case Action.CLOSE_CIRCUIT if target in self._endpoints:
                self._endpoints[target] = replace(self._endpoints[target], failures=0, is_open=False, next_at=None)
                return True
            case Action.END_SECRET:
                return self._secrets.pop(target, None) is not None
            case _:
                return False


def _meets(row: DeliveryRow, wanted: DeliveryFilter) -> bool:
    return (
        wanted.status in (None, row.status)
        and wanted.endpoint in ("", row.endpoint)
        and wanted.task in ("", row.task)
        and (wanted.visible is None or row.queue in wanted.visible)
    )


def _rows(now: datetime, tasks: Sequence[str], extra: Sequence[str]) -> list[DeliveryRow]:
    told = enumerate(islice(zip(cycle(tasks), cycle(extra or ("",)), strict=False), 60), 1)
    return [_row(number, task, now - timedelta(minutes=61 - number), text) for number, (task, text) in told]


def _row(number: int, task: str, at: datetime, text: str) -> DeliveryRow:
    good = DeliveryRow(
        id=_ID.format(number),
        task=task,
        event="failed" if number % 7 == 0 else "completed",
        queue=text or ("billing", "email", "")[number % 3],
        endpoint=text or _GOOD,
        status=DeliveryStatus.DELIVERED,
        attempts=1,
        status_code=204,
        created_at=at,
        ended_at=at + timedelta(seconds=1),
    )
    if number % 5:
        return good
    bad = replace(good, endpoint=text or _BAD, status_code=503, error=text or "HTTP 503", attempts=4)
    if number % 10:
        return replace(bad, status=DeliveryStatus.PENDING, next_at=at + timedelta(hours=2), ended_at=None)
    return replace(
        bad, status=DeliveryStatus.FAILED, attempts=9, status_code=None, error=text or "no answer within 10 seconds"
    )


def _endpoints(now: datetime, extra: Sequence[str]) -> list[EndpointRow]:
    last, since, next_at = now - timedelta(minutes=1), now - timedelta(minutes=40), now + timedelta(seconds=30)
    return [
        EndpointRow(url=_GOOD, delivered=48, last_at=last),
        EndpointRow(
            url=_BAD, waiting=6, failed=6, last_at=last, failures=9, since=since, is_open=True, next_at=next_at
        ),
        *(EndpointRow(url=text, delivered=1, failures=1, since=since, last_at=last) for text in extra),
    ]


def _try(row: DeliveryRow, number: int) -> DeliveryTry:
    return DeliveryTry(
        number=number,
        started_at=row.created_at + timedelta(minutes=number),
        took=timedelta(seconds=0.2),
        status_code=row.status_code,
        error=row.error,
    )
