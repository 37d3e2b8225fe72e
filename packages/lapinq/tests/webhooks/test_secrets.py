"""Secrets that webhooks are signed with are replaced without a gap."""

import base64
import hashlib
import hmac
import time
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks import secrets as module
from lapinq.webhooks.delivering import delivering
from lapinq.webhooks.sealing import Seal
from lapinq.webhooks.secrets import Secrets
from taskcore.errors import InvalidInput
from taskcore.states import Event
from taskcore.testing.waiting import eventually

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
    """As the specification of Standard Webhooks has receivers do, without the library that signs."""
    body, headers = message
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.new(b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    signatures = [each.partition(",") for each in headers["webhook-signature"].split(" ")]
    is_new = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return is_new and any(
        version == "v1" and hmac.compare_digest(b64decode(text), expected) for version, _, text in signatures
    )


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


OLD, NEW = b"o" * 32, b"n" * 32


def keeping(service: Service, *keys: bytes) -> Secrets:
    """What a process with these keys knows."""
    return Secrets(service.tables, (), Seal(keys))


async def stored(service: Service) -> list[str]:
    return [row[0] for row in await service.tables.pool.fetch("SELECT secret FROM lapinq_webhook_secrets")]


async def test_who_reads_the_database_learns_no_secret_that_was_made_with_a_key(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    made, text = await keeping(service, OLD).rotate()
    (row,) = await stored(service)
    with_key = await Service.open(replace(settings, encryption_keys=(NEW, OLD)))

    assert row.startswith("fernet:")
    assert text.removeprefix("whsec_") not in row
    assert [made] == await keeping(service, OLD).list()
    assert verifies(text, await signed(with_key, receiver, settings))
    await with_key.close()


async def test_nothing_is_sent_by_a_process_that_could_not_sign_it_with_all(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    _, text = await keeping(service, OLD).rotate()
    task = await put(service, receiver.url)
    await end(service, task, Event.SUCCEED)

    async def is_given_up() -> bool:
        return ["failed"] == [delivery.document()["status"] for delivery in await service.webhooks(task)]

    async with delivering(service, settings):
        await eventually(is_given_up, within=30)
    ((delivery,), endpoints) = await service.webhooks(task), await service.deliveries.log.receivers()
    assert "not in LAPINQ_ENCRYPTION_KEY here" in str(delivery.tries[-1].error)
    assert ([], [0]) == (receiver.requests, [endpoint.failures for endpoint in endpoints])
    assert [module.UNREADABLE] == [each.fingerprint for each in await service.deliveries.secrets.list()][:1]
    assert text not in str(delivery)


async def test_secrets_are_encrypted_afterwards_and_with_another_key(service: Service) -> None:
    plain = await keeping(service).rotate()
    with pytest.raises(InvalidInput, match="set LAPINQ_ENCRYPTION_KEY"):
        await keeping(service).encrypt()

    assert [1, 0] == [await keeping(service, OLD).encrypt() for _ in range(2)]
    for keys in ((), (NEW,)):  # what these made, those who have the old key could not read
        with pytest.raises(InvalidInput, match="not in LAPINQ_ENCRYPTION_KEY here"):
            await keeping(service, *keys).rotate()
    assert 1 == len(await stored(service))
    with pytest.raises(InvalidInput, match="not in LAPINQ_ENCRYPTION_KEY here"):
        await keeping(service, NEW).encrypt()
    assert [1, 0] == [await keeping(service, NEW, OLD).encrypt() for _ in range(2)]
    assert [plain[0]] == await keeping(service, NEW).list()


@pytest.mark.parametrize("key", ["x", "c2hvcnQ=", f"{'A' * 43}=,?", "A" * 44])
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(InvalidInput, match=r"LAPINQ_ENCRYPTION_KEY: key \d must be the base64 of 32") as refused:
        Settings.from_env({"LAPINQ_ENCRYPTION_KEY": key})

    assert key not in str(refused.value).replace("LAPINQ_ENCRYPTION_KEY", "")


def test_keys_are_read_in_either_alphabet_of_base64() -> None:
    found = Settings.from_env({"LAPINQ_ENCRYPTION_KEY": f"{'-_' * 21}8=, {'+/' * 21}8="})

    assert found.encryption_keys[0] == found.encryption_keys[1] == b64decode("+/" * 21 + "8=")
    assert "encryption" not in repr(found)
