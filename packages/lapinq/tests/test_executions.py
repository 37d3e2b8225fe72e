"""What a worker promises of each execution: that it is one, ends when it must, and is in nobody's way."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path
from uuid import UUID

import pytest
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.task import Task
from lapinq.working import Working, WorkPlan, at_work
from taskcore.testing import eventually

pytestmark = pytest.mark.anyio

TASKS = """
import asyncio, os, sys, threading, time
from lapinq import current_task

def note(word):
    with open("notes", "a") as notes: notes.write(f"{word}\\n")

def until(path):
    while not os.path.exists(path): time.sleep(0.01)

def boom():
    note("boom")
    raise ValueError("boom")
def odd():
    note("odd")
    return {1, 2}
async def leaves():
    note("leaves")
    sys.exit(3)
def waits():
    note("begun")
    until("go")
    return "done"
async def blocks():
    note("begun")
    until("go")
async def endless():
    note("begun")
    try:
        await asyncio.Event().wait()
    finally:
        note("interrupted")
def watches():
    note("begun")
    task = current_task()
    while not task.cancelled: time.sleep(0.01)
    note("saw it")
    task.raise_if_cancelled()
def hangs():
    note("hangs")
    time.sleep(90)

BARRIER = threading.Barrier(40)
def meets(): BARRIER.wait(60)
"""


@pytest.fixture
def module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with tasks in the working directory, one for each test."""
    name = f"executed_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(TASKS)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def notes(folder: Path) -> "Notes":
    return Notes(folder)


class Notes:
    """What the functions left in the working directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def words(self) -> list[str]:
        path = self._folder / "notes"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    async def hear(self, word: str) -> None:
        await eventually(lambda: word in self.words)

    def let_go(self) -> None:
        (self._folder / "go").touch()


async def put(service: Service, module: str, name: str, **given: object) -> UUID:
    task = await service.enqueue(Order.from_json({"task_name": name, "module_path": module, **given}))
    assert task is not None
    return task


async def at_rest(service: Service, task: UUID) -> Task:
    async def found() -> Task | None:
        seen = await service.get(task)
        return None if seen.status in ("pending", "running") else seen

    ended: Task = await eventually(found)
    return ended


@pytest.mark.parametrize("name", ["boom", "odd", "leaves"])
async def test_an_execution_that_fails_calls_the_function_once(
    service: Service, settings: Settings, module: str, notes: Notes, name: str
) -> None:
    task = await put(service, module, name, max_retries=2, retry_delay=0, retry_backoff=False)

    await Working(service, settings).run(until_idle=True)

    assert ("failed", 2) == ((await service.get(task)).status, (await service.get(task)).attempts)
    assert [name] * 2 == notes.words


async def test_a_task_that_takes_long_is_run_by_its_worker_alone(
    service: Service, storage: Storage, settings: Settings, module: str, notes: Notes
) -> None:
    """Whether it is taken back depends on signs of life, and not on when it began."""
    quick = replace(settings, heartbeat_interval=1)
    task = await put(service, module, "waits", max_retries=1)

    async def lease() -> int:
        return int(await storage.pool.fetchval("SELECT coalesce(max(lease_until), 0) FROM lapinq_core_leases"))

    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(at_work(Working(service, quick)))
        await notes.hear("begun")
        first = await lease()
        await storage.pool.execute("UPDATE lapinq_core_tasks SET started_at = started_at - 3600000000")
        assert [] == await storage.recover_stale_tasks(300)

        async def is_renewed() -> bool:
            return await lease() > first

        await eventually(is_renewed)
        notes.let_go()
        ended = await at_rest(service, task)

    assert ("completed", 0, ["begun"]) == (ended.status, ended.attempts, notes.words)


async def test_a_coroutine_that_runs_out_of_time_is_interrupted(
    service: Service, settings: Settings, module: str, notes: Notes
) -> None:
    task = await put(service, module, "endless", max_retries=1)

    await Working(service, settings, WorkPlan(task_timeout=0.2)).run(until_idle=True)

    assert "timed out" == (await service.get(task)).error
    assert ["begun", "interrupted"] == notes.words


async def test_a_child_that_runs_out_of_time_or_is_cancelled_is_no_more(
    service: Service, settings: Settings, module: str, notes: Notes
) -> None:
    isolated = WorkPlan(is_isolated=True, concurrency=1, task_timeout=60)
    async with at_work(Working(service, settings, replace(isolated, task_timeout=0.3))):
        late = await put(service, module, "hangs", max_retries=1)
        assert ("failed", "timed out") == ((await at_rest(service, late)).status, (await service.get(late)).error)
        await eventually(lambda: not active_children())
    async with at_work(Working(service, settings, isolated)):
        before = len(notes.words)  # the first one may have been too late to note that it began
        cancelled = await put(service, module, "hangs")
        await eventually(lambda: len(notes.words) > before)
        assert "cancelling" == await service.stop(cancelled)
        assert "cancelled" == (await at_rest(service, cancelled)).status
        await eventually(lambda: not active_children())


@pytest.mark.parametrize(("name", "told"), [("endless", "interrupted"), ("watches", "saw it")])
async def test_a_running_task_hears_that_it_was_cancelled(
    service: Service, settings: Settings, module: str, notes: Notes, name: str, told: str
) -> None:
    task = await put(service, module, name)
    async with at_work(Working(service, settings)):
        await notes.hear("begun")
        assert "cancelling" == await service.stop(task)
        ended = await at_rest(service, task)

    assert ("cancelled", "cancelled by user", ["begun", told]) == (ended.status, ended.error, notes.words)


async def test_a_coroutine_that_blocks_holds_up_no_server_beside_it(
    service: Service, settings: Settings, module: str, notes: Notes
) -> None:
    task = await put(service, module, "blocks")
    async with at_work(Working(service, settings)):
        await notes.hear("begun")
        notes.let_go()  # only this loop, which the server would be on, can do that
        assert "completed" == (await at_rest(service, task)).status


async def test_as_many_functions_run_at_once_as_was_said(service: Service, settings: Settings, module: str) -> None:
    tasks = [await put(service, module, "meets", max_retries=1) for _ in range(40)]

    await Working(service, settings, WorkPlan(concurrency=40)).run(until_idle=True)

    assert {"completed"} == {(await service.get(task)).status for task in tasks}


async def test_a_worker_that_was_told_to_stop_takes_no_other_task(
    service: Service, settings: Settings, module: str, notes: Notes
) -> None:
    tasks = [await put(service, module, "waits") for _ in range(3)]
    worker = Working(service, settings, WorkPlan(concurrency=1))
    async with at_work(worker):
        await notes.hear("begun")
        worker.stop()
        notes.let_go()

    assert ["completed", "pending", "pending"] == [(await service.get(task)).status for task in tasks]


async def test_what_is_not_done_within_the_grace_goes_back_and_does_not_count(
    service: Service, settings: Settings, module: str, notes: Notes
) -> None:
    task = await put(service, module, "waits", max_retries=1)
    async with at_work(Working(service, settings, WorkPlan(grace=0.05))):
        await notes.hear("begun")

    found = await service.get(task)
    notes.let_go()
    assert ("pending", 0, None) == (found.status, found.attempts, found.worker_id)


async def test_waiting_tasks_without_an_end_get_one_a_portion_at_a_time(service: Service, storage: Storage) -> None:
    """As those have that were requeued, of which there may be any number."""
    for _ in range(3):
        await storage.enqueue("add", "default", "mytasks", ttl_seconds=60)
    await service.tables.pool.execute("UPDATE lapinq_core_tasks SET created_at = 0, expires_at = NULL")

    assert [2, 1, 0] == [await service.tables.end_overdue(2) for _ in range(3)]

    assert 3 == (await service.sweep()).expired


async def test_a_task_past_its_ttl_is_not_begun_before_a_sweep_has_seen_it(storage: Storage) -> None:
    await storage.enqueue("add", "default", "mytasks", ttl_seconds=0.01)
    await asyncio.sleep(0.02)  # its time

    assert None is await storage.claim_task("w")


async def test_who_lost_a_task_changes_nothing_of_its_next_execution(storage: Storage, settings: Settings) -> None:
    """A worker of somebody's own, driven by hand, that comes back after others took its task over."""
    task = await storage.enqueue("add", "default", "mytasks", max_retries=5)
    assert task is not None
    await storage.claim_task("frozen")
    await storage.pool.execute("UPDATE lapinq_core_leases SET lease_until = 0")
    assert [task] == await storage.recover_stale_tasks(0)
    await storage.pool.execute("UPDATE lapinq_core_tasks SET run_at = 0, ready = 1")
    other = Storage(storage.service, settings)
    assert "w2" == (await other.claim_task("w2") or {})["worker_id"]

    await storage.complete_task(task, '"stale"')
    await storage.fail_task(task, "stale")
    assert "running" == (await storage.get_task(task) or {})["status"]
    await other.complete_task(task, '"fresh"')

    found = await storage.get_task_result(task) or {}
    assert ("completed", '"fresh"') == (found["status"], found["result"])


async def test_an_expired_task_is_not_completed_afterwards(storage: Storage, service: Service) -> None:
    """One that runs does not expire, and one that has expired does not run."""
    running = await storage.enqueue("add", "default", "mytasks", ttl_seconds=60)
    assert running is not None
    await storage.claim_task("w")
    await storage.pool.execute("UPDATE lapinq_core_tasks SET created_at = 0, expires_at = 1")

    assert (0, 0) == ((swept := await service.sweep()).expired, swept.removed)
    await storage.complete_task(running, "3")

    found = await service.get(running)
    assert ("completed", None, timedelta(0)) == (found.status, found.error, found.created_at.utcoffset())
