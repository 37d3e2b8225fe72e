"""Workers as programs start them: by themselves, inside of others, and with functions in child processes."""

import asyncio
import json
import logging
import os
import pickle
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from lapinq.execute import execute_task, execute_task_inline
from lapinq.imports import Imports
from lapinq.isolation import InChild
from lapinq.orders import Order
from lapinq.scheduler import Scheduler
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.task import Task
from lapinq.worker import run_worker_inline
from lapinq.working import Working, WorkPlan, at_work
from taskcore.errors import InvalidInput
from taskcore.ids import WorkerId
from taskcore.models import MINUTE

from tests.chaos.proxy import Proxy

pytestmark = pytest.mark.anyio

TASKS = """
import os, sys, time, asyncio
from lapinq import RetryError, TaskQueue, current_task

def add(a, b=0): return a + b
async def aadd(a, b=0): return a + b
@TaskQueue().task(name="nice name")
def plain():
    print("noise, which is no part of a result")
    return {"pid": os.getpid(), "worker": os.environ.get("LAPINQ_WORKER_ID", "")}
def boom(): raise ValueError("boom")
def leaves(): sys.exit(3)
def vanishes(): os._exit(4)
def later(): raise RetryError(countdown=30, message="not yet")
def nothing(): ...
def tells():
    task = current_task()
    task.progress(40, "on the way")
    task.log("a line")
    task.update_metadata({"seen": task.metadata["given"], "attempt": task.attempt})
async def atells():
    task = current_task()
    task.progress(40, "on the way")
    await task.aupdate_metadata({"seen": task.metadata["given"], "attempt": task.attempt})
async def misplaced(): current_task().update_metadata({})
def waits():
    open("begun", "w").close()
    while not os.path.exists("go"): time.sleep(0.01)
    return "done"
"""

CHILDREN = WorkPlan(is_isolated=True, concurrency=1, task_timeout=30)
Check = Callable[[], Awaitable[bool]]


@pytest.fixture
def module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with tasks in the working directory, one for each test."""
    name = f"tasks_of_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(TASKS)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield name
    sys.modules.pop(name, None)


async def put(service: Service, module: str, name: str, **given: object) -> UUID:
    task = await service.enqueue(Order.from_json({"task_name": name, "module_path": module, **given}))
    assert task is not None
    return task


async def worked(service: Service, settings: Settings, plan: WorkPlan, *tasks: UUID) -> list[Task]:
    """The tasks after a worker has done all that was due."""
    await Working(service, settings, plan).run(until_idle=True)
    return [await service.get(task) for task in tasks]


async def until(fact: Check) -> None:
    async with asyncio.timeout(60):
        while not await fact():  # noqa: ASYNC110  # another thread could make it true
            await asyncio.sleep(0.02)


async def test_what_a_worker_did_is_counted_for_charts(service: Service, settings: Settings, module: str) -> None:
    await worked(service, settings, WorkPlan(), *[await put(service, module, name) for name in ("nothing", "boom")])

    now = await service.now()
    counts = await service.store.timed_counts(MINUTE, now - timedelta(days=1), now + timedelta(days=1))
    assert {(f"{module}:nothing", "succeeded", 1), (f"{module}:boom", "retried", 1)} <= {
        (each.name, each.what, each.count) for each in counts
    }


async def test_a_log_says_which_tasks_failed_and_why(
    service: Service, settings: Settings, module: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lapinq.worker")
    again, failed = [await put(service, module, "boom", max_retries=most) for most in (2, 1)]
    fine, later = [await put(service, module, name) for name in ("nothing", "later")]

    await Working(service, settings).run(until_idle=True)

    found = {text.split()[1]: (record.levelname, text) for record in caplog.records if (text := record.message)}
    where = f"({module}.boom, queue default)"
    assert ("WARNING", f"task {again} {where} is tried again: ValueError: boom") == found[str(again)]
    assert ("WARNING", True) == (found[str(later)][0], found[str(later)][1].endswith("not yet"))
    level, text = found[str(failed)]
    assert ("ERROR", True) == (level, text.startswith(f"task {failed} {where} has failed\nTraceback "))
    assert text.endswith("ValueError: boom")
    assert str(fine) not in found


# A child process takes most of a second to start: all of its cases share one worker.
@pytest.mark.parametrize("plan", [pytest.param(WorkPlan(), id="here"), pytest.param(CHILDREN, id="in children")])
async def test_both_kinds_of_worker_store_the_same(
    service: Service, settings: Settings, module: str, plan: WorkPlan
) -> None:
    names = {"add": [1, 2], "aadd": ["a", "b"], "boom": [], "leaves": [], "later": [], "gone": []}
    tasks = [await put(service, module, name, args=args) for name, args in names.items()]
    tasks.append(await put(service, module, "nice name"))

    add, aadd, boom, leaves, later, gone, nice = await worked(service, settings, plan, *tasks)

    assert [("completed", "3"), ("completed", '"ab"')] == [(task.status, task.result) for task in (add, aadd)]
    assert [("pending", "boom", 1), ("pending", "3", 1)] == [(t.status, t.error, t.attempts) for t in (boom, leaves)]
    assert ("pending", "not yet") == (later.status, later.error)
    assert 25 < (later.scheduled_at - later.created_at).total_seconds() < 60
    assert "Function gone not found in module" in str(gone.error)
    ran = json.loads(nice.result or "{}")
    assert ("completed", plan.is_isolated) == (nice.status, ran["pid"] != os.getpid())
    assert ran["worker"] == (nice.worker_id if plan.is_isolated else "")


@pytest.mark.parametrize("plan", [pytest.param(WorkPlan(), id="here"), pytest.param(CHILDREN, id="in children")])
async def test_a_function_tells_how_far_it_is_and_changes_its_metadata(
    service: Service, settings: Settings, module: str, plan: WorkPlan
) -> None:
    tasks = [await put(service, module, name, metadata={"given": 1}) for name in ("tells", "atells")]

    for task in await worked(service, settings, plan, *tasks):
        assert ("completed", 40.0, "on the way") == (task.status, task.progress, task.progress_message), task.error
        assert {"given": 1, "seen": 1, "attempt": 1} == task.metadata
    assert [("a line", "INFO")] == [(line.message, line.level) for line in await service.logs(tasks[0])]


async def test_a_coroutine_that_would_block_its_loop_is_told_what_to_write(
    service: Service, settings: Settings, module: str
) -> None:
    task = await put(service, module, "misplaced")

    (found,) = await worked(service, settings, WorkPlan(), task)

    assert "await current_task().aupdate_metadata" in str(found.error)


def test_a_function_is_imported_while_it_arrives_in_a_child_and_not_in_the_time_of_its_task(
    module: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAPINQ_WORKER_ID", "")
    sent = pickle.dumps(InChild(Imports(folders=(folder,)), f"{module}:nothing", Settings(), WorkerId("w")))
    assert module not in sys.modules

    pickle.loads(sent)

    assert module in sys.modules
    assert "w" == os.environ["LAPINQ_WORKER_ID"]


async def test_a_child_that_dies_is_the_failure_of_its_task_alone(
    service: Service, settings: Settings, module: str
) -> None:
    tasks = [await put(service, module, name, max_retries=1) for name in ("vanishes", "nothing")]

    vanished, fine = await worked(service, settings, CHILDREN, *tasks)

    assert ("failed", True) == (vanished.status, "exit code 4" in str(vanished.error))
    assert ("completed", None) == (fine.status, fine.result)


async def test_a_worker_serves_the_queues_that_it_was_given(service: Service, settings: Settings, module: str) -> None:
    tasks = [await put(service, module, "add", args=[1], queue_name=queue) for queue in ("a", "b", "c")]

    found = await worked(service, settings, WorkPlan(queues=("a", "b")), *tasks)

    assert ["completed", "completed", "pending"] == [task.status for task in found]


async def test_a_worker_inside_lets_its_tasks_finish_and_the_storage_open(
    service: Service, storage: Storage, module: str, folder: Path
) -> None:
    task = await put(service, module, "waits")
    working = asyncio.create_task(run_worker_inline(storage))
    await until(lambda: _exists(folder / "begun"))

    working.cancel()
    (folder / "go").touch()
    with suppress(asyncio.CancelledError):
        await working

    assert ("completed", '"done"') == ((await service.get(task)).status, (await service.get(task)).result)


async def test_a_worker_comes_back_by_itself_when_its_database_was_away(
    service: Service, settings: Settings, module: str
) -> None:
    async with Proxy(settings.database_url) as proxy:
        parts = urlsplit(settings.database_url)
        through = parts._replace(netloc=f"{parts.username or 'postgres'}@127.0.0.1:{proxy.port}").geturl()
        reached = await Service.open(replace(settings, database_url=through))
        async with at_work(Working(reached, settings)) as running:
            first = await put(service, module, "add", args=[1])
            await until(partial(_is_completed, service, first))

            proxy.refuse()
            second = await put(service, module, "add", args=[2])
            await asyncio.sleep(1)  # long enough for each of its loops to find nobody there
            await proxy.accept()

            await until(partial(_is_completed, service, second))
            assert not running.done()
        await reached.close()


async def _is_completed(service: Service, task: UUID) -> bool:
    return (await service.get(task)).status == "completed"


async def _exists(path: Path) -> bool:
    return path.exists()  # noqa: ASYNC240


async def test_workers_are_listed_while_they_work(service: Service, settings: Settings, module: str) -> None:
    async with at_work(Working(service, settings)):

        async def is_listed() -> bool:
            return len(await service.store.workers()) == 1

        await until(is_listed)
    assert [] == list(await service.store.workers())


async def test_a_scheduler_puts_what_is_due_until_it_is_stopped(storage: Storage, module: str) -> None:
    scheduler = Scheduler(storage, interval=0.05)
    await scheduler.start()
    await storage.pool.execute(
        "INSERT INTO lapinq_scheduled_tasks (task_name, module_path, cron) VALUES ('add', $1, '* * * * *')", module
    )

    async def is_followed() -> bool:
        return len(await storage.service.store.schedules()) == 1

    await until(is_followed)
    await scheduler.stop()


@pytest.mark.parametrize("given", [{"task_timeout": 0}, {"poll_interval": float("nan")}, {"grace": -1}])
def test_a_plan_that_nobody_can_follow_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(given))):
        WorkPlan(**given)  # type: ignore[arg-type]


async def test_a_task_can_be_executed_without_a_worker(
    service: Service,
    settings: Settings,
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAPINQ_DATABASE_URL", settings.database_url)
    await execute_task(str(await put(service, module, "add", args=[1, 2])))
    assert "3\n" == capsys.readouterr().out
    assert 3 == await execute_task_inline({"module_path": module, "task_name": "aadd", "args": [1, 2]})
    assert 3 == await execute_task_inline({"module_path": module, "task_name": "add", "args": [1], "kwargs": {"b": 2}})
    with pytest.raises(ModuleNotFoundError):
        await execute_task_inline({"module_path": "no_such_module", "task_name": "f"})
    with pytest.raises(ImportError, match=f"gone.*{module}"):
        await execute_task_inline({"module_path": module, "task_name": "gone"})
