"""Rows put into ``lapinq_scheduled_tasks`` by SQL become tasks."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lapinq.scheduled import ScheduledTasks
from lapinq.scheduler import scheduling
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage
from taskcore.schedule import Cron, Misfire, Overlap

pytestmark = pytest.mark.anyio


async def insert(service: Service, **row: Any) -> str:
    row = {"task_name": "add", "module_path": "mytasks", "cron": "* * * * *", **row}
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    sql = f"INSERT INTO lapinq_scheduled_tasks ({', '.join(row)}) VALUES ({places}) RETURNING id"
    return str(await service.tables.pool.fetchval(sql, *row.values()))


async def a_minute_passes(service: Service) -> None:
    """For the schedules: what they have accounted for lies back."""
    await service.tables.pool.execute(
        "UPDATE lapinq_core_schedules SET cursor = cursor - 60000000, next_at = next_at - 60000000"
    )


async def test_a_row_waits_for_its_next_minute_and_then_puts_a_task_with_all_that_it_says(service: Service) -> None:
    await insert(
        service, queue_name="nightly", args="[1]", kwargs='{"b": 2}', priority=3, max_retries=1, metadata='{"m": 1}',
        webhook_url="http://example.com/", retry_backoff=False, retry_delay=5.0, ttl_seconds=60.0,
    )  # fmt: skip
    scheduled = ScheduledTasks(service)

    assert 0 == await scheduled.tick()
    await a_minute_passes(service)
    assert 1 == await scheduled.tick()
    assert 0 == await scheduled.tick()

    (task,) = (await service.list()).items
    assert ("nightly", [1], {"b": 2}, 3, 1) == (
        task.queue_name, task.args, task.kwargs, task.priority, task.max_retries,
    )  # fmt: skip
    assert ({"m": 1}, "http://example.com/", False, 5.0, 60.0) == (
        task.metadata, task.webhook_url, task.retry_backoff, task.retry_delay, task.ttl_seconds,
    )  # fmt: skip
    (triggered,) = await service.tables.pool.fetchrow("SELECT last_triggered_at FROM lapinq_scheduled_tasks")
    assert task.scheduled_at == triggered


async def test_of_many_schedulers_one_puts_the_task(service: Service) -> None:
    await insert(service)
    many = [ScheduledTasks(service) for _ in range(3)]
    await many[0].tick()
    await a_minute_passes(service)

    assert [1, 0, 0] == [await one.tick() for one in many]


async def test_what_was_missed_while_nobody_was_there_becomes_one_task(service: Service) -> None:
    await insert(service)
    await ScheduledTasks(service).tick()
    for _ in range(7):
        await a_minute_passes(service)

    replicas = [ScheduledTasks(service) for _ in range(4)]
    assert 1 == sum(await asyncio.gather(*(one.tick() for one in replicas)))

    (task,) = (await service.list()).items
    assert timedelta(0) <= await service.now() - task.scheduled_at < timedelta(minutes=2)


async def test_rows_that_are_disabled_changed_or_removed_are_followed(service: Service) -> None:
    row = await insert(service)
    scheduled = ScheduledTasks(service)
    await scheduled.tick()
    for change in ("SET enabled = false", "SET enabled = true, cron = '0 0 1 1 *'"):
        await service.tables.pool.execute(f"UPDATE lapinq_scheduled_tasks {change}")
        await scheduled.follow()
        await a_minute_passes(service)
        assert 0 == await scheduled.tick()
    assert [row] == [record.spec.id for record in await service.store.schedules()]

    await service.tables.pool.execute("DELETE FROM lapinq_scheduled_tasks")
    await scheduled.tick()

    assert [] == list(await service.store.schedules())


async def test_a_row_that_cannot_be_followed_is_told_of_once_and_stops_no_other(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    for bad in ({"cron": "99 * * * *"}, {"cron": "nonsense"}, {"module_path": "os"}, {"kwargs": "[1]"}):
        await insert(service, **bad)
    await insert(service)
    scheduled = ScheduledTasks(service)
    with caplog.at_level(logging.WARNING, "lapinq.scheduler"):
        for _ in range(2):
            await scheduled.tick()
            await a_minute_passes(service)

    assert 1 == await scheduled.tick()
    assert 4 == caplog.text.count("skipping scheduled task")


async def test_a_scheduled_or_requeued_task_lives_no_longer_than_its_ttl(service: Service, storage: Storage) -> None:
    task = await storage.enqueue("add", "default", "mytasks", ttl_seconds=3600, max_retries=1)
    assert task is not None
    await storage.claim_task("w")
    await storage.fail_task(task, "boom")
    await service.requeue(task)
    await service.tables.pool.execute("UPDATE lapinq_core_tasks SET created_at = created_at - 4000000000")

    assert 1 == (await service.sweep()).expired
    assert "expired" == (await service.get(task)).status


async def test_a_row_fires_in_its_zone_and_by_its_policies(service: Service) -> None:
    await insert(
        service, cron="30 2 * * *", zone="Europe/Rome", gap="skip", fold="second", misfire="skip", grace=5.0,
        overlap="queue_one",
    )  # fmt: skip
    await ScheduledTasks(service).follow()

    (record,) = await service.store.schedules()

    assert Cron("30 2 * * *", "Europe/Rome", gap="skip", fold="second") == record.spec.when
    assert (Misfire(grace=timedelta(seconds=5), policy="skip"), Overlap.QUEUE_ONE) == (
        record.spec.misfire,
        record.spec.overlap,
    )


async def test_who_leads_alone_says_which_rows_can_be_followed(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed, follow = list[Service](), ScheduledTasks.follow

    async def noted(scheduled: ScheduledTasks) -> None:
        await follow(scheduled)
        followed.append(scheduled._service)

    async def until(fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not fact():  # noqa: ASYNC110 - two periodic services of this loop make it true
                await asyncio.sleep(0.01)

    # Given two processes, of which one may not import the module of a row, for it lies outside of its roots
    monkeypatch.setattr(ScheduledTasks, "follow", noted)
    row = await insert(service, module_path="lapinq.execute")
    other = await Service.open(replace(settings, imports=("lapinq",)))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(scheduling(other, 0.01))
        await until(lambda: other in followed)

        async with scheduling(service, 0.01):
            before = len(followed)
            await until(lambda: len(followed) > before + 5)
            assert (False, [row]) == (service in followed, [each.spec.id for each in await service.store.schedules()])

            await stack.aclose()
            await until(lambda: service in followed)
    await other.close()
