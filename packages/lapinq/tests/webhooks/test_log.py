"""What is told of webhooks afterwards: the log, the receivers, and numbers to watch."""

from datetime import timedelta
from uuid import UUID

import pytest
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks.delivering import delivering
from lapinq.webhooks.endpoints import BROKEN_AFTER
from lapinq.webhooks.entries import DeliveryFilter, Entry
from lapinq.webhooks.metrics import WebhookMetrics
from taskcore.clock import SystemClock
from taskcore.errors import BadCursor, InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement, TaskError
from taskcore.states import Event
from taskcore.testing.waiting import eventually

from .conftest import OK, Receiver, end, put

pytestmark = pytest.mark.anyio

FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


async def told(service: Service, url: str, count: int = 1, **more: object) -> list[UUID]:
    """Tasks that have ended and of which nobody was told yet."""
    tasks = [await put(service, url, **more) for _ in range(count)]
    for task in tasks:
        await end(service, task, Event.SUCCEED, result="1")
    await (await service.deliveries.outbox()).tick()
    return tasks


async def log(service: Service, **wanted: object) -> list[Entry]:
    return list((await service.deliveries.log.page(DeliveryFilter(**wanted))).items)  # type: ignore[arg-type]


async def test_the_log_tells_what_became_of_each_delivery_and_no_secret(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    failed = await put(service, f"{receiver.url}/hook?token=SECRET", queue_name="mail")
    await end(service, failed, Event.FAIL, error=TaskError("ValueError", "boom"))
    receiver.answers = [FAILED]
    async with delivering(service, settings):
        await eventually(lambda: _are(service, "failed", 1))
        waiting = (await told(service, "https://example.com/later"))[0]
        found = await log(service)

    assert [str(waiting), str(failed)] == [entry.task for entry in found]
    last = found[1]
    assert ("failed", "failed", "mail", f"{receiver.url}/hook", 3, 503, "HTTP 503") == (
        last.status, last.event, last.queue, last.endpoint, last.attempts, last.status_code, last.error,
    )  # fmt: skip
    assert last.ended_at is not None
    assert "SECRET" not in str(found)
    assert last == await service.deliveries.log.get(last.id)
    for nothing in ("msg_", "msg_\0", "msg_ü", "01930000-0000-7000-8000-000000000000"):
        assert None is await service.deliveries.log.get(nothing)


async def _are(service: Service, status: str, count: int) -> bool:
    return count == len(await log(service, status=status))


async def test_a_delivery_that_is_to_be_tried_again_has_not_ended(service: Service) -> None:
    await told(service, "https://example.com/hook")
    store, (first,) = await service.deliveries.store(), await log(service)
    record = await store.take(TaskId(first.id.removeprefix("msg_")), WorkerId("w"), timedelta(seconds=30))
    assert record is not None
    now, error = await store.now(), TaskError("NotDelivered", "HTTP 503")
    wait = Settlement(
        fence=record.fence, event=Event.RETRY, started_at=now, finished_at=now, delay=timedelta(seconds=5), error=error
    )
    assert [True] == await store.settle([wait])

    (entry,) = await log(service)
    assert ("pending", 503, 1, None) == (entry.status, entry.status_code, entry.attempts, entry.ended_at)


async def test_the_log_is_read_by_status_receiver_task_and_queue(service: Service) -> None:
    mail = await told(service, "https://example.com/a?x=1", 2, queue_name="mail")
    other = await told(service, "https://example.com/b", queue_name="other")

    async def tasks(**wanted: object) -> set[str]:
        return {entry.task for entry in await log(service, **wanted)}

    assert {*map(str, mail), *map(str, other)} == await tasks() == await tasks(status="pending")
    assert set() == await tasks(status="delivered") == await tasks(queues=frozenset())
    assert (
        set(map(str, mail)) == await tasks(endpoint="https://example.com/a") == await tasks(queues=frozenset({"mail"}))
    )
    assert {str(other[0])} == await tasks(task=str(other[0]))
    assert set() == await tasks(endpoint="\0") == await tasks(task="\ud800")
    with pytest.raises(InvalidInput, match="status must be one of pending"):
        DeliveryFilter(status="lost")


async def test_pages_of_the_log_lead_to_each_delivery_once(service: Service) -> None:
    tasks = await told(service, "https://example.com/", 5)
    seen, cursor = list[str](), None
    while True:
        page = await service.deliveries.log.page(limit=2, cursor=cursor)
        seen += [entry.task for entry in page.items]
        if (cursor := page.next_cursor) is None:
            break

    assert list(map(str, tasks[::-1])) == seen
    first = await service.deliveries.log.page(limit=2)
    with pytest.raises(BadCursor):
        await service.deliveries.log.page(DeliveryFilter(status="failed"), cursor=first.next_cursor)


async def test_of_deliveries_of_before_the_queue_is_looked_up(service: Service) -> None:
    (task,) = await told(service, "https://example.com/", queue_name="mail")
    await service.tables.pool.execute("UPDATE lapinq_hooks_tasks SET meta = NULL")

    assert ["mail"] == [entry.queue for entry in await log(service, queues=frozenset({"mail"}))]
    await service.tables.pool.execute("DELETE FROM lapinq_core_tasks WHERE id = $1", str(task))
    assert [] == await log(service, queues=frozenset({"mail"}))
    assert [None] == [entry.queue for entry in await log(service)]


async def test_receivers_are_told_by_how_they_do(service: Service) -> None:
    await told(service, "https://good.example.com/hook?x=1", 2)
    await told(service, "https://bad.example.com/")
    for _ in range(BROKEN_AFTER):
        await service.deliveries.endpoints.failed("https://bad.example.com/?t=1")

    bad, good = await service.deliveries.log.receivers()

    assert ("https://bad.example.com/", BROKEN_AFTER, True, 1) == (bad.url, bad.failures, bad.is_open, bad.waiting)
    assert None is not bad.since is not bad.next_at
    assert ("https://good.example.com/hook", 0, False, 2, None) == (
        good.url, good.failures, good.is_open, good.waiting, good.next_at,
    )  # fmt: skip
    assert "open" == bad.document()["circuit"]
    assert [True, False] == [await service.deliveries.endpoints.forgive(bad.url) for _ in range(2)]
    assert not any(each.is_open for each in await service.deliveries.log.receivers())


async def test_what_waits_is_measured(service: Service) -> None:
    before = await service.deliveries.log.measured()
    await told(service, "https://example.com/", 2)
    task = await put(service, "https://example.com/")
    await end(service, task, Event.SUCCEED)
    await service.tables.pool.execute(
        "UPDATE lapinq_hooks_tasks SET failures = 1 WHERE id = (SELECT min(id) FROM lapinq_hooks_tasks)"
    )
    for _ in range(BROKEN_AFTER):
        await service.deliveries.endpoints.failed("https://example.com/")
    now = await service.now()

    measured = await service.deliveries.log.measured()

    assert (0, 0, 0, None) == (before.broken, before.waiting, before.retrying, before.oldest)
    assert (1, 3, 1) == (measured.broken, measured.waiting, measured.retrying)
    assert measured.oldest is not None
    assert timedelta(0) <= now - measured.oldest < timedelta(minutes=1)


async def test_metrics_tell_what_all_processes_delivered(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    metrics = WebhookMetrics(service.deliveries, SystemClock())
    assert [] == list(metrics.families())
    await metrics.refresh()
    assert {0.0} == set(values(metrics).values())

    receiver.answers = [FAILED, OK]
    task = await put(service, receiver.url)
    await end(service, task, Event.SUCCEED)
    async with delivering(service, settings):
        await eventually(lambda: _are(service, "delivered", 1))
    await told(service, "https://example.com/")
    await metrics.refresh()

    shown = values(metrics)
    assert 0 < shown.pop("lapinq_webhook_oldest_seconds") < 60
    assert {
        "lapinq_webhook_attempts_total delivered": 1,
        "lapinq_webhook_attempts_total retried": 1,
        "lapinq_webhook_attempts_total failed": 0,
        "lapinq_webhook_waiting": 1,
        "lapinq_webhook_retrying": 0,
        "lapinq_webhook_circuits_open": 0,
    } == shown


def values(metrics: WebhookMetrics) -> dict[str, float]:
    samples = [sample for family in metrics.families() for sample in family.samples]
    return {" ".join([sample.name, *sample.labels.values()]): sample.value for sample in samples}
