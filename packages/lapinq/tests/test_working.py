"""What the engine makes of this package's tasks, in its own worker."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from lapinq import every_queue
from lapinq.calling import MOST, Functions
from lapinq.every_queue import ALL, EveryQueue
from lapinq.imports import Imports
from lapinq.isolation import IsolatedFunctions, arrived
from lapinq.orders import Order
from lapinq.policy import TaskPolicy
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.task import Task
from taskcore.engine.context import TaskContext
from taskcore.engine.options import WorkerOptions
from taskcore.engine.worker import Worker
from taskcore.errors import InvalidInput
from taskcore.ids import WorkerId
from taskcore.models import TaskQuery
from taskcore.states import Event, TaskState
from taskcore.testing import a_claim, eventually

pytestmark = pytest.mark.anyio

TASKS = """
import sys, time, asyncio
from lapinq import RetryError

def add(a, b=0): return a + b
async def aadd(a, b=0): return a + b
def shapes(): return {"tuple": (1, 2), "key": {1: None}, "text": "ü", "~date": "x"}
def nothing(): ...
def leaves(): sys.exit(3)
def boom(): raise ValueError("boom")
def odd(): return {1, 2}
def forgotten(): return aadd(20, 1)
async def sleeps(): await asyncio.sleep(60)
def later(): raise RetryError(countdown=30)
async def alater(): raise RetryError(countdown=40, message="not yet")
"""

Run = Callable[..., Awaitable[Task]]


@pytest.fixture
def module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with tasks in the working directory, one for each test."""
    name = f"work_of_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(TASKS)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield name
    sys.modules.pop(name, None)


def worker_on(service: Service, timeout: float = 60.0) -> Worker:
    functions = Functions(Imports.of([]), timedelta(seconds=timeout))
    return Worker(
        EveryQueue(service.store, service.tables.waiting_queues, functions.prepare),
        functions,
        options=WorkerOptions(queues=ALL, concurrency=4, lease=timedelta(seconds=5), grace=timedelta(0)),
        policy=TaskPolicy(),
    )


@asynccontextmanager
async def working(service: Service) -> AsyncIterator[Worker]:
    """A worker that is at work while the context is open."""
    worker = worker_on(service)
    run = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop(force=True)
        await run


@pytest.fixture
def run(service: Service, module: str) -> Run:
    """Put a task, work until nothing is due, and answer with the task."""

    async def put_and_run(name: str, *, timeout: float = 60.0, module: str = module, **given: object) -> Task:
        # Stored past the service, so that the worker has to refuse by itself.
        order = Order.from_json({"task_name": name, "module_path": module, **given})
        (receipt,) = await service.store.put([order.spec(None)])
        await worker_on(service, timeout).run(until_idle=True)
        return await service.get(UUID(receipt.task))

    return put_and_run


@pytest.mark.parametrize(
    ("name", "given", "result"),
    [
        pytest.param("add", {"args": [1], "kwargs": {"b": 2}}, "3", id="function"),
        pytest.param("aadd", {"args": [1, 2]}, "3", id="coroutine function"),
        pytest.param("add", {"args": ["a", "b"]}, '"ab"', id="text is JSON too"),
        pytest.param("nothing", {}, None, id="none"),
        pytest.param("forgotten", {}, "21", id="a coroutine that a plain function returns"),
        pytest.param(
            "shapes", {}, '{"tuple":[1,2],"key":{"1":null},"text":"ü","~date":"x"}', id="everything as JSON has it"
        ),
    ],
)
async def test_results_are_json_whatever_kind_of_function(
    run: Run, name: str, given: dict[str, object], result: str
) -> None:
    task = await run(name, **given)

    assert ("completed", result, None, 0) == (task.status, task.result, task.error, task.attempts)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        pytest.param("boom", "boom", id="its own exception"),
        pytest.param("leaves", "3", id="sys.exit"),
        pytest.param("odd", "what the task returns must be JSON", id="a result that is no JSON"),
        pytest.param("add", "missing 1 required positional argument", id="wrong arguments"),
        pytest.param("gone", "Function gone not found in module", id="no such function"),
    ],
)
async def test_a_failure_waits_ten_seconds_and_then_tries_again(run: Run, name: str, error: str) -> None:
    task = await run(name)

    assert ("pending", 1) == (task.status, task.attempts)
    assert error in str(task.error)
    assert timedelta(seconds=9) < task.scheduled_at - task.created_at < timedelta(seconds=20)


@pytest.mark.parametrize("max_retries", [0, 1])
async def test_max_retries_counts_executions(run: Run, max_retries: int) -> None:
    task = await run("boom", max_retries=max_retries)

    assert ("failed", 1, "boom") == (task.status, task.attempts, task.error)


async def test_a_delay_of_its_own_counts_without_backoff(run: Run) -> None:
    task = await run("boom", max_retries=3, retry_delay=0, retry_backoff=False)

    assert ("failed", 3) == (task.status, task.attempts)


async def test_a_task_is_tried_again_at_once_though_its_queue_was_empty_meanwhile(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(every_queue, "FRESH", 0.0)

    task = await run("boom", max_retries=3, retry_delay=0, retry_backoff=False)

    assert ("failed", 3) == (task.status, task.attempts)


@pytest.mark.parametrize(("name", "seconds", "error"), [("later", 30, "manual retry"), ("alater", 40, "not yet")])
async def test_retry_error_is_heard_in_every_kind_of_function(run: Run, name: str, seconds: int, error: str) -> None:
    task = await run(name)

    assert ("pending", 1, error) == (task.status, task.attempts, task.error)
    waits = task.scheduled_at - task.created_at
    assert timedelta(seconds=seconds - 1) < waits < timedelta(seconds=seconds + 10)


async def test_an_execution_that_takes_too_long_has_timed_out(run: Run) -> None:
    task = await run("sleeps", timeout=0.2, max_retries=1)

    assert ("failed", "timed out") == (task.status, task.error)


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("subprocess", "run"), ("click", "echo")])
async def test_what_the_policy_refuses_fails_at_once_and_is_not_run(run: Run, module: str, name: str) -> None:
    task = await run(name, module=module, args=["touch pwned"], max_retries=5)

    assert ("failed", 1) == (task.status, task.attempts)
    assert "is refused" in str(task.error)
    assert not os.path.exists("pwned")  # noqa: ASYNC240, PTH110


async def test_a_module_that_breaks_while_it_is_imported_says_so_and_is_tried_again(run: Run, folder: Path) -> None:
    (folder / "breaks_on_import.py").write_text("import sys; sys.exit('not today')")

    task = await run("f", module="breaks_on_import")

    assert ("pending", "SystemExit: not today") == (task.status, task.error)


WAITS = """
import time
from pathlib import Path

Path("begun").touch()
until = time.monotonic() + 60
while not Path("go").exists() and time.monotonic() < until:
    time.sleep(0.01)

def f(): return 1
"""


async def test_a_module_that_takes_long_to_import_holds_up_nobody_else(
    service: Service, module: str, folder: Path
) -> None:
    slow = f"{module}_slowly"
    (folder / f"{slow}.py").write_text(WAITS)
    task = await service.enqueue(Order(task_name="f", module_path=slow))
    assert task is not None
    async with working(service), asyncio.timeout(30):
        await _until(lambda: _exists("begun"))
        (folder / "go").touch()  # only this loop can do that, which goes on while the import waits for it
        await _until(lambda: _has_completed(service, task))


@pytest.mark.parametrize("ended", ["KeyboardInterrupt", "GeneratorExit", "SystemExit", "ValueError"])
async def test_a_module_that_ends_its_import_hurts_no_task_but_its_own(
    run: Run, service: Service, module: str, folder: Path, ended: str
) -> None:
    (folder / f"{module}_{ended}.py").write_text(f"raise {ended}('no')")

    task = await run("f", module=f"{module}_{ended}", max_retries=1)

    assert ("failed", True) == (task.status, f"{ended}: no" in str(task.error))
    (record,) = await service.store.find(TaskQuery())
    in_child = arrived(Imports(folders=(folder,)), record.name, Settings(), WorkerId("w"))
    with pytest.raises(ImportError, match=f"{ended}: no"):
        in_child(TaskContext(record, lambda context, told: None))


async def _exists(name: str) -> bool:
    return os.path.exists(name)  # noqa: ASYNC240, PTH110


async def _has_completed(service: Service, task: UUID) -> bool:
    return (await service.get(task)).status == "completed"


async def _until(fact: Callable[[], Awaitable[bool]]) -> None:
    while not await fact():  # noqa: ASYNC110  # another process could make it true
        await asyncio.sleep(0.02)


async def test_a_task_in_a_queue_that_is_new_is_run_by_workers_that_wait(service: Service, module: str) -> None:
    async with working(service):
        for queue in ("never seen", "nor this"):
            task = await service.enqueue(Order(task_name="add", module_path=module, args=[1], queue_name=queue))
            assert task is not None
            async with asyncio.timeout(30):
                await _until(partial(_has_completed, service, task))


async def test_a_paused_queue_keeps_no_worker_busy_and_no_other_queue_waiting(service: Service, module: str) -> None:
    await service.store.pause("held")
    held, free = [Order(task_name="add", module_path=module, args=[1], queue_name=queue) for queue in ("held", "free")]
    asked = 0

    async def waiting() -> list[str]:
        nonlocal asked
        asked += 1
        return list(await service.tables.waiting_queues())

    tasks = await service.enqueue_batch([held, free])
    work = EveryQueue(service.store, waiting)
    worker = Worker(work, Functions(Imports.of([])), options=WorkerOptions(queues=ALL), policy=TaskPolicy())
    await worker.run(until_idle=True)
    await work.wait_for_work(ALL, 0.6)

    assert ["pending", "completed"] == [(await service.get(task)).status for task in tasks]
    assert asked < 10


async def test_a_task_in_a_queue_that_nobody_knew_is_heard_of_at_once(
    service: Service, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lapinq.every_queue.IDLE", 60.0)
    work = EveryQueue(service.store, service.tables.waiting_queues)
    wait = asyncio.create_task(work.wait_for_work(ALL, 60))
    await eventually(lambda: service.store._listener._waiting)

    await service.enqueue(Order(task_name="add", module_path=module, queue_name="brand-new"))

    await asyncio.wait_for(wait, 30)
    assert 1 == len(await work.claim(a_claim("w", *ALL)))


async def test_an_execution_whose_worker_died_counts(service: Service, storage: Storage, module: str) -> None:
    task = await storage.enqueue("add", "default", module, max_retries=2)
    assert task is not None
    ends = []
    for _ in range(2):
        await storage.claim_task("w")
        (record,) = await service.store.find(_running())
        settled = TaskPolicy().lost(record)
        ends.append(settled.event)
        await service.store.settle([settled])

    assert [Event.LOSE, Event.FAIL] == ends
    found = await service.get(task)
    assert ("failed", 2) == (found.status, found.attempts)


def _running() -> TaskQuery:
    return TaskQuery(states=frozenset({TaskState.RUNNING}))


async def test_a_hand_driven_worker_fails_and_retries_like_the_others(storage: Storage) -> None:
    task = await storage.enqueue("add", "default", "mytasks", max_retries=2, retry_delay=0, retry_backoff=False)
    assert task is not None
    for expected in ("pending", "failed"):
        assert await storage.claim_task("w") is not None
        await storage.heartbeat("w")
        await storage.fail_task(task, "boom")
        assert expected == ((await storage.get_task(task)) or {})["status"]

    await storage.complete_task(task, "3")
    assert "failed" == ((await storage.get_task(task)) or {})["status"]


async def test_a_worker_of_ones_own_finds_a_task_as_soon_as_it_is_stored(storage: Storage) -> None:
    for queue in ("never seen", "nor this"):
        assert None is await storage.claim_task("w")
        task = await storage.enqueue("add", queue, "mytasks")
        assert task == (await storage.claim_task("w") or {})["id"]


async def test_storage_refuses_what_the_server_refuses(storage: Storage) -> None:
    with pytest.raises(InvalidInput, match="standard library"):
        await storage.enqueue("system", "default", "os", ["true"])
    with pytest.raises(InvalidInput, match="ttl_seconds"):
        await storage.enqueue_batch([{"task_name": "a", "module_path": "m", "ttl_seconds": "inf"}])


async def test_listeners_hear_of_changes(storage: Storage) -> None:
    heard = asyncio.Event()
    await storage.listen_for_changes(heard.set)

    await storage.enqueue("add", "default", "mytasks")

    async with asyncio.timeout(30):
        await heard.wait()


async def test_a_listener_that_fails_hears_of_the_next_change_and_holds_up_no_close(storage: Storage) -> None:
    heard = asyncio.Queue[int]()

    def fails() -> None:
        heard.put_nowait(1)
        raise ValueError("a mistake of the program")

    await storage.listen_for_changes(fails)
    async with asyncio.timeout(20):
        for _ in range(2):
            await storage.enqueue("add", "default", "mytasks")
            await heard.get()
        await storage.stop_listening()


@pytest.mark.parametrize("mode", ["here", "in children"])
def test_names_that_somebody_made_up_do_not_fill_the_memory_of_a_worker(mode: str) -> None:
    imports = Imports.of([])
    functions = (
        Functions(imports) if mode == "here" else IsolatedFunctions(imports, None, Settings(), WorkerId("worker"))
    )

    for number in range(MOST + 2):
        assert functions.get(f"nothing.like.that:{number}").name == f"nothing.like.that:{number}"

    assert MOST >= len(functions._broken) + len(functions._found)
