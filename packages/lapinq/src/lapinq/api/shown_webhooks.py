"""Webhooks as the pages show and change them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

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
from taskcore.ui.source import ActionPart

from lapinq import documents
from lapinq.service import Service
from lapinq.webhooks import entries
from lapinq.webhooks.entries import Entry, Try
from lapinq.webhooks.secrets import Secret

CHANGES = frozenset({Action.REPLAY_WEBHOOK, Action.CLOSE_CIRCUIT, Action.END_SECRET})
GONE = "it is not there any more"
UNDER_WAY = "it is not there any more, or it is under way"


@dataclass(frozen=True, slots=True)
class ShownWebhooks:
    """The part for webhooks."""

    service: Service

    async def deliveries(self, wanted: DeliveryFilter) -> DeliveryPage:
        asked = entries.DeliveryFilter(
            status=None if wanted.status is None else wanted.status.value,
            endpoint=wanted.endpoint or None,
            task=await self._core_id(wanted.task),
            queues=wanted.visible,
        )
        page = await self.service.deliveries.log.page(asked, limit=wanted.limit, cursor=wanted.after)
        return DeliveryPage(rows=tuple(map(_row, page.items)), older=page.next_cursor)

    async def delivery(self, delivery: str) -> DeliveryDetail | None:
        found = await self.service.deliveries.get(delivery)
        if found is None:
            return None
        entry, made = found
        return DeliveryDetail(
            row=_row(entry),
            tries=tuple(map(_try, made.tries)),
            body=documents.load(made.body),
        )

    async def endpoints(self) -> Sequence[EndpointRow]:
        return [
            EndpointRow(
                url=each.url,
                delivered=each.delivered,
                waiting=each.waiting,
                failed=each.failed,
                last_at=each.last_at,
                failures=each.failures,
                since=each.since,
                is_open=each.is_open,
                next_at=each.next_at,
            )
            for each in await self.service.deliveries.log.receivers()
        ]

    async def secrets(self) -> Sequence[SecretRow]:
        return [_secret(secret) for secret in await self.service.deliveries.secrets.list()]

    async def rotate(self, grace: timedelta) -> tuple[SecretRow, str]:
        made, text = await self.service.deliveries.secrets.rotate(grace)
        return _secret(made), text

    async def _core_id(self, task: str) -> str | None:
        """The public release gave out ids that the log does not know."""
        with suppress(ValueError):
            id_ = UUID(task)
            return (await self.service.tables.task_ids([id_]))[id_]
        return task or None


@dataclass(frozen=True, slots=True)
class WebhookDeeds:
    """The part for actions: those on webhooks here, ``others`` does the rest."""

    others: ActionPart
    service: Service

    async def act(self, order: Order) -> ActionResult:
        if order.action not in CHANGES:
            return await self.others.act(order)
        why = UNDER_WAY if order.action is Action.REPLAY_WEBHOOK else GONE
        skipped = {target: why for target in order.targets if not await self._one(order.action, target)}
        return ActionResult(done=len(order.targets) - len(skipped), skipped=skipped)

    async def _one(self, action: Action, target: str) -> bool:
        deliveries = self.service.deliveries
        match action:
            case Action.REPLAY_WEBHOOK:
                return await deliveries.log.get(target) is not None and await deliveries.again(target)
            case Action.CLOSE_CIRCUIT:
                return await deliveries.endpoints.forgive(target)
            case _:
                with suppress(ValueError):
                    return await deliveries.secrets.end(UUID(target))
                return False


@dataclass(frozen=True, slots=True)
class Changes:
    """The part for changes: whether it is worth looking again, at tasks or at webhooks. Of tasks the database tells at
    once."""

    service: Service

    async def revision(self) -> str:
        webhooks = await self.service.deliveries.store()
        return f"{await self.service.store.revision()} {await webhooks.revision()}"

    async def wait_for_change(self, timeout: float) -> None:
        """As ``taskcore.ports.ChangeAlerts`` says."""
        await self.service.store.wait_for_change(timeout)


def _row(entry: Entry) -> DeliveryRow:
    return DeliveryRow(
        id=entry.id,
        task=entry.task,
        event=entry.event,
        queue=entry.queue or "",
        endpoint=entry.endpoint,
        status=DeliveryStatus(entry.status),
        attempts=entry.attempts,
        status_code=entry.status_code,
        error=entry.error or "",
        created_at=entry.created_at,
        next_at=entry.next_attempt_at,
        ended_at=entry.ended_at,
    )


def _try(each: Try) -> DeliveryTry:
    return DeliveryTry(
        number=each.number,
        started_at=each.started_at,
        took=each.took,
        status_code=each.status_code,
        error=each.error or "",
    )


def _secret(secret: Secret) -> SecretRow:
    return SecretRow(
        id=secret.id or "",
        fingerprint=secret.fingerprint,
        source=secret.source,
        created_at=secret.created_at,
        ends_at=secret.ends_at,
    )
