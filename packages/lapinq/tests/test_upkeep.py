"""What is past its time goes, in one process at a time."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import pytest
from lapinq import housekeeping
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.upkeep import clean, upkeep
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement
from taskcore.states import Event

pytestmark = pytest.mark.anyio


async def put(service: Service, **more: object) -> UUID:
    task = await service.enqueue(Order(task_name="add", module_path="mytasks", **more))  # type: ignore[arg-type]
    assert task is not None
    return task


async def ended(service: Service, event: Event, **more: object) -> UUID:
    """A task that has ended so."""
    task = await put(service, **more)
    record = await service.store.take(TaskId(str(task)), WorkerId("w"), timedelta(seconds=30))
    assert record is not None
    await service.store.settle([Settlement(fence=record.fence, event=event)])
    return task


async def test_each_status_is_kept_as_long_as_the_settings_say(service: Service) -> None:
    done = await ended(service, Event.SUCCEED)
    failed = await ended(service, Event.FAIL)
    pending = await put(service)
    kept = Settings.from_env({"LAPINQ_RETENTION": "completed=0, failed=30"}).retention
    assert {"completed": timedelta(0), "failed": timedelta(days=30)} == kept
    await asyncio.sleep(0.01)  # no time at all is not yet more than none

    assert 1 == await clean(service, kept)

    left = [task.id for task in (await service.list()).items]
    assert {failed, pending} == set(left)
    assert done not in left


async def test_finished_tasks_go_with_their_ttl_and_waiting_ones_expire(service: Service) -> None:
    done = await ended(service, Event.SUCCEED, ttl_seconds=0.02)
    waiting = await put(service, ttl_seconds=0.02)
    lasting = await ended(service, Event.SUCCEED, ttl_seconds=3600)
    await asyncio.sleep(0.03)  # their time

    assert 2 == await clean(service, {})

    assert {(waiting, "expired"), (lasting, "completed")} == {
        (task.id, task.status) for task in (await service.list()).items if task.id != done
    }


async def test_one_process_of_several_does_it_and_another_takes_over(service: Service) -> None:
    done = list[str]()
    did = asyncio.Event()

    async def work(name: str) -> None:
        done.append(name)
        did.set()

    async def heard() -> None:
        async with asyncio.timeout(30):
            did.clear()
            await did.wait()

    every = timedelta(seconds=0.02)
    async with AsyncExitStack() as first:
        await first.enter_async_context(upkeep(service, every, "cleanup", lambda: work("first")))
        await heard()
        async with upkeep(service, every, "cleanup", lambda: work("second")):
            for _ in range(3):
                await heard()
            leaders = set(done)
            await first.aclose()
            done.clear()
            await heard()

    assert ({"first"}, "second") == (leaders, done[-1])


@pytest.mark.parametrize("text", ["completed", "pending=1", "failed=-1", "failed=nan", "done=1", "failed=1=2"])
def test_a_retention_that_says_nothing_usable_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="LAPINQ_RETENTION must be days by status"):
        Settings.from_env({"LAPINQ_RETENTION": text})


@pytest.mark.parametrize("secret", ["plain", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "whsec_" + "QUJD" * 22])
def test_a_webhook_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    good = "whsec_" + "QUJD" * 8
    with pytest.raises(InvalidInput, match="LAPINQ_WEBHOOK_SECRET: secret 2 must be whsec_") as refused:
        Settings.from_env({"LAPINQ_WEBHOOK_SECRET": f"{good},{secret}"})

    assert "QUJD" not in str(refused.value)
    settings = Settings.from_env({"LAPINQ_WEBHOOK_SECRET": good})
    assert ((b"ABC" * 8,), False) == (settings.webhook_keys, "ABC" in repr(settings))


async def test_a_backup_of_any_name_is_removed_and_nothing_else(service: Service) -> None:
    pool, odd = service.tables.pool, 'lapinq_backup_a"; DROP TABLE bystander; --'
    await pool.execute(f'CREATE TABLE bystander (); CREATE TABLE "{odd.replace(chr(34), 2 * chr(34))}" ()')
    try:
        assert [odd] == (await housekeeping.count(service, {}, backups=True)).backups

        assert [odd] == (await housekeeping.clean(service, {}, backups=True)).backups

        assert [] == (await housekeeping.count(service, {}, backups=True)).backups
    finally:
        await pool.execute("DROP TABLE bystander")
