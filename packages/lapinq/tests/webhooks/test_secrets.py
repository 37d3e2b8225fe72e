"""Secrets that webhooks are signed with are replaced without a gap."""

import base64
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks import secrets as module
from lapinq.webhooks.delivering import delivering
from lapinq.webhooks.secrets import Secrets
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from taskcore.errors import InvalidInput
from taskcore.states import Event

from .conftest import KEYS, Receiver, end, put

pytestmark = pytest.mark.anyio


async def signed(service: Service, receiver: Receiver, settings: Settings) -> tuple[bytes, dict[str, str]]:
    """A message, as it came."""
    before = len(receiver.requests)
    task = await put(service, receiver.url)
    await end(service, task, Event.SUCCEED)
    async with delivering(service, settings):
        await receiver.received(before + 1)
    _, headers, body = receiver.requests[-1]
    return body, headers


def verifies(secret: str, message: tuple[bytes, dict[str, str]]) -> bool:
    try:
        Webhook(secret).verify(*message)
    except WebhookVerificationError:
        return False
    return True


async def test_old_and_new_secrets_sign_together_until_the_grace_is_over(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    secrets = service.deliveries.secrets
    _, first = await secrets.rotate()
    second, text = await secrets.rotate(timedelta(hours=1))
    fixed = f"whsec_{base64.b64encode(KEYS[0]).decode()}"

    both = await signed(service, receiver, settings)
    assert [True, True, True] == [verifies(secret, both) for secret in (fixed, first, text)]
    found = await secrets.list()
    assert [second.id, None, None] == [found[0].id, *(each.id for each in found[2:])]
    assert [True, False, True, True] == [each.ends_at is None for each in found]
    assert not any(secret in str(found) for secret in (first, text, fixed))

    await secrets.rotate(timedelta(0))
    assert second.id not in [each.id for each in await secrets.list()]
    later = await signed(service, receiver, settings)
    assert [True, False, False] == [verifies(secret, later) for secret in (fixed, first, text)]


async def test_a_secret_is_ended_at_once(service: Service) -> None:
    secrets = service.deliveries.secrets
    made, _ = await secrets.rotate()
    assert made.id is not None

    assert [True, False] == [await secrets.end(UUID(made.id)) for _ in range(2)]
    assert not await secrets.end(uuid4())
    assert [None, None] == [each.id for each in await secrets.list()]


async def test_other_processes_hear_of_a_new_secret(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Secrets(service.tables, ())
    unsigned = await other.signer()
    await service.deliveries.secrets.rotate()

    assert unsigned is await other.signer()
    monkeypatch.setattr(module, "REMEMBERED", -1)
    assert unsigned is not await other.signer()


async def test_there_are_not_too_many(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    secrets = service.deliveries.secrets
    for _ in range(2):
        await secrets.rotate()

    with pytest.raises(InvalidInput, match="end some first"):
        await secrets.rotate()
    for grace in (timedelta(-1), timedelta(days=400)):
        with pytest.raises(InvalidInput, match="grace must be"):
            await secrets.rotate(grace)


async def test_a_row_that_holds_no_secret_keeps_nothing_from_being_signed(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    _, text = await service.deliveries.secrets.rotate()
    await service.tables.pool.execute("INSERT INTO lapinq_webhook_secrets (secret) VALUES ('whsec_?')")

    assert verifies(text, await signed(service, receiver, settings))
    assert module.BROKEN in [each.fingerprint for each in await service.deliveries.secrets.list()]
