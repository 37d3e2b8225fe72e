"""Both clients, against a server with a worker inside."""

import asyncio
import importlib
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, assert_type
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from lapinq import AsyncTaskQueue, TaskFailed, TaskQueue, TaskRef
from lapinq.client import NothingToWaitFor
from lapinq.server import create_app
from taskcore.testing import eventually

from tests.servers import fresh_name

pytestmark = pytest.mark.anyio

KEY = "a key for tests"
TASKS = """
import asyncio
from lapinq import AsyncTaskQueue, TaskQueue

q = TaskQueue()

@q.task
def add(a: int, b: int = 0) -> int: return a + b

@q.task(name="pretty name", max_retries=1, metadata={"from": "here"})
def renamed(text: str) -> str: return text.upper()

@AsyncTaskQueue().task(max_retries=1)
async def breaks() -> None: raise ValueError("boom")

@q.task
async def endless() -> None: await asyncio.Event().wait()
"""


@contextmanager
def serving(app: object) -> Iterator[str]:
    """The URL of a server in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive(), "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def server(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a server, and the name of a module with tasks that its worker can import."""
    module, folder = f"tasks_{fresh_name()}", tmp_path_factory.mktemp("tasks")
    (folder / f"{module}.py").write_text(TASKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAPINQ_IMPORT", str(folder))
        patch.setenv("PGSSLMODE", "disable")
        patch.syspath_prepend(str(folder))
        with serving(create_app(postgres_url, api_key=KEY, worker=True)) as url:
            yield url, module


@pytest.fixture
def queue(server: tuple[str, str]) -> Iterator[TaskQueue]:
    with TaskQueue(server[0] + "/", api_key=KEY) as queue:
        yield queue


@pytest.fixture
async def async_queue(server: tuple[str, str]) -> AsyncIterator[AsyncTaskQueue]:
    async with AsyncTaskQueue(server[0], queue_name="aside", api_key=KEY) as queue:
        yield queue


@pytest.fixture
def in_module(server: tuple[str, str]) -> str:
    """The name of the module with tasks, which is imported by then."""
    importlib.import_module(server[1])
    return server[1]


def add(a: int, b: int = 0) -> int:
    return a + b


async def renamed(text: str) -> str:
    return text.upper()


async def breaks() -> None:
    raise ValueError("boom")


async def endless() -> None:
    await asyncio.Event().wait()


def stand_in(function: object, module: str) -> None:
    function.__module__ = module  # as if it were defined where the worker finds it


def test_a_declared_function_stays_itself_and_its_calls_can_be_queued(queue: TaskQueue, in_module: str) -> None:
    stand_in(add, in_module)
    task = queue.task(add)

    ref = task.queue(1, b=2)

    assert (add, "add", 3) == (task, task.task_name, task(1, 2))
    assert 201 == ref.raise_for_status().status_code
    assert_type(ref, TaskRef[int])
    assert 3 == ref.get(timeout=60)
    assert "completed" == ref.status()
    assert {"id": ref.task_id, "status": "completed", "result": "3", "error": None} == {
        key: value for key, value in ref.wait().items() if key != "completed_at"
    }


async def test_a_coroutine_function_with_a_name_of_its_own_runs(async_queue: AsyncTaskQueue, in_module: str) -> None:
    stand_in(renamed, in_module)
    task = async_queue.task(name="pretty name", max_retries=1, priority=3)(renamed)

    ref = await task.options(metadata={"a": 1}, retry_backoff=False).aqueue("abc")

    assert_type(ref, TaskRef[str])
    assert "ABC" == await ref.aget(timeout=60)
    assert "completed" == (await ref)["status"]
    async with httpx.AsyncClient(base_url=f"{async_queue.server_url}/api/v1", headers={"X-API-Key": KEY}) as client:
        found = (await client.get(f"/tasks/{ref.task_id}")).json()
    expected = {"queue_name": "aside", "task_name": "pretty name", "module_path": in_module, "max_retries": 1}
    expected |= {"metadata": {"a": 1}, "retry_backoff": False, "priority": 3, "args": ["abc"], "kwargs": {}}
    assert expected == {key: found[key] for key in expected}


async def test_a_task_that_fails_gives_its_error_instead_of_a_value(
    async_queue: AsyncTaskQueue, in_module: str
) -> None:
    stand_in(breaks, in_module)
    ref = await async_queue.task(max_retries=1)(breaks).aqueue()

    assert "failed" == (await ref.awaitait(timeout=60))["status"]
    with pytest.raises(TaskFailed, match="has failed: boom"):
        await ref.aget()


def test_what_the_server_refuses_is_said_at_once(queue: TaskQueue) -> None:
    def system(command: str) -> int:
        return 0

    stand_in(system, "os")
    ref = queue.task(system).queue("true")

    assert (None, 400) == (ref.task_id, ref.status_code)
    with pytest.raises(httpx.HTTPStatusError, match=r"400.*is refused"):
        ref.raise_for_status()
    with pytest.raises(NothingToWaitFor, match="400"):
        ref.wait(timeout=60)


def test_a_wrong_key_is_no_reason_to_wait(queue: TaskQueue, in_module: str) -> None:
    stand_in(add, in_module)
    ref = queue.task(add).queue(1)
    other = TaskRef[int](ref.response, queue.server_url, "wrong")

    with pytest.raises(httpx.HTTPStatusError, match="401"):
        other.wait(timeout=60)


async def test_waiting_ends_in_time(queue: TaskQueue, in_module: str) -> None:
    stand_in(add, in_module)
    ref = queue.task(add).options(scheduled_at="2099-01-01T00:00:00Z").queue(1)

    with pytest.raises(TimeoutError, match=rf"{ref.task_id} was not over within 0\.02 seconds"):
        await asyncio.to_thread(ref.wait, 0.02, 0.01)
    with pytest.raises(TimeoutError):
        await ref.awaitait(timeout=0.02, poll_interval=0.01)

    async with httpx.AsyncClient(base_url=f"{queue.server_url}/api/v1", headers={"X-API-Key": KEY}) as client:
        await client.delete("/tasks", params={"status": "pending", "task_name": "add"})
    with pytest.raises(NothingToWaitFor, match=f"{ref.task_id} is gone"):
        await ref.awaitait(timeout=60)


def test_one_key_stores_one_task(queue: TaskQueue, in_module: str) -> None:
    stand_in(add, in_module)
    task, key = queue.task(add), str(uuid4())

    once = task.options(idempotency_key=key)
    first, second = [once.queue(number) for number in (1, 2)]
    batch = queue.batch_enqueue([once.order(3), once.order(4)]).json()

    assert first.task_id == second.task_id
    assert 1 == second.get(timeout=60)
    assert [first.task_id] * 2 == batch["task_ids"]


async def test_what_is_stored_can_be_listed_cancelled_and_requeued(
    queue: TaskQueue, async_queue: AsyncTaskQueue, in_module: str
) -> None:
    stand_in(breaks, in_module)
    later, name = "2099-01-01T00:00:00Z", fresh_name()
    breaking = async_queue.task(queue_name=name, max_retries=1, scheduled_at=later)(breaks)
    waiting = str((await breaking.aqueue()).task_id)
    failed = await breaking.options(scheduled_at=None).aqueue()
    await failed.awaitait(timeout=60)

    def ask() -> list[object]:
        found = queue.list_tasks(queue_name=name, status="pending", task_name="BREAK", limit=5)
        counts = [(each["pending"], each["failed"]) for each in queue.queue_stats() if each["queue_name"] == name]
        return [[each["id"] for each in found], counts, queue.cancel_task(waiting), queue.cancel_task(waiting)]

    assert [[waiting], [(1, 1)], True, False] == await asyncio.to_thread(ask)
    assert [failed.task_id, waiting] == [each["id"] for each in await async_queue.list_tasks(queue_name=name)]
    assert "cancelled" == (await async_queue.get_task(waiting) or {})["status"]
    assert None is await async_queue.get_task(uuid4())
    assert [False, False] == [
        await async_queue.cancel_task(waiting, running=True),
        await async_queue.requeue_task(waiting),
    ]
    assert await async_queue.requeue_task(str(failed.task_id))
    with pytest.raises(httpx.HTTPStatusError, match=r"refused this with 400.*invalid limit"):
        await async_queue.list_tasks(limit=-1)
    with pytest.raises(ValueError, match="badly formed"):
        await async_queue.get_task("../queues")


async def test_a_task_is_waited_for_by_its_id(queue: TaskQueue, async_queue: AsyncTaskQueue, in_module: str) -> None:
    stand_in(add, in_module)
    task = str(queue.task(add).queue(1, 2).task_id)

    assert 3 == await async_queue.ref(task).aget(timeout=60)
    assert 3 == await asyncio.to_thread(queue.ref(UUID(task)).raise_for_status().get, 20)
    with pytest.raises(NothingToWaitFor, match="is gone"):
        await async_queue.ref(uuid4()).awaitait()
    with pytest.raises(ValueError, match="badly formed"):
        queue.ref("../queues")


async def test_a_task_that_runs_stops_when_its_client_says_so(queue: TaskQueue, in_module: str) -> None:
    stand_in(endless, in_module)
    ref = queue.task(endless).queue()

    async def runs() -> bool:
        found = await asyncio.to_thread(queue.get_task, str(ref.task_id))
        return found is not None and "running" == found["status"]

    await eventually(runs)

    assert not await asyncio.to_thread(queue.cancel_task, str(ref.task_id))
    assert await asyncio.to_thread(queue.cancel_task, str(ref.task_id), running=True)
    assert "cancelled" == (await ref.awaitait(timeout=60))["status"]


async def test_batches_go_as_they_are(queue: TaskQueue, async_queue: AsyncTaskQueue, in_module: str) -> None:
    stand_in(add, in_module)
    task = queue.task(add)
    tasks = [task.options(priority=number).order(number, b=1) for number in range(3)]

    assert 3 == (await asyncio.to_thread(queue.batch_enqueue, tasks)).json()["count"]
    assert 3 == len((await async_queue.batch_enqueue(tasks)).json()["task_ids"])


async def test_a_server_with_a_prefix_of_its_own_is_reached_by_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, in_module: str
) -> None:
    stand_in(add, in_module)
    monkeypatch.setenv("LAPINQ_API_PREFIX", "/queue/v1")
    monkeypatch.setenv("PGSSLMODE", "disable")
    with serving(create_app(postgres_url)) as url:

        def ask() -> list[object]:
            with TaskQueue(url, api_prefix="/queue/v1") as queue, TaskQueue(url) as lost:
                ref = queue.task(queue_name="elsewhere", scheduled_at="2099-01-01")(add).queue(1)
                found = queue.get_task(str(ref.task_id)) or {}
                return [found["status"], lost.task(add).queue(1).status_code]

        assert ["pending", 404] == await asyncio.to_thread(ask)


def test_a_task_that_is_not_to_be_kept_has_no_id(server: tuple[str, str], in_module: str) -> None:
    stand_in(add, in_module)
    with TaskQueue(server[0], api_key=KEY, default_ttl_seconds=0) as queue:
        ref = queue.task(add).queue(1)

    assert (201, None, {"task_id": None, "ttl_seconds": 0}) == (ref.status_code, ref.task_id, ref.json())


def test_a_client_that_a_test_puts_in_place_of_its_own_is_asked(in_module: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"task_id": "t"})

    stand_in(add, in_module)
    queue = AsyncTaskQueue()
    own = queue._client

    queue._client = httpx.AsyncClient(transport=httpx.MockTransport(answer))

    assert isinstance(own, httpx.AsyncClient)
    assert "t" == asyncio.run(queue.task(add).aqueue(1)).task_id


def test_a_queue_that_is_declared_once_serves_every_event_loop(server: tuple[str, str], in_module: str) -> None:
    stand_in(add, in_module)
    queue = AsyncTaskQueue(server[0], queue_name="loops", api_key=KEY)
    task = queue.task(scheduled_at="2099-01-01")(add)
    loops = [asyncio.new_event_loop() for _ in range(2)]

    async def enqueue() -> int:
        return (await task.aqueue(1)).status_code

    assert [201] * 4 == [loop.run_until_complete(enqueue()) for loop in loops * 2]
    for loop in loops:
        loop.run_until_complete(queue.close())
    with pytest.raises(RuntimeError, match="the client has been closed"):
        loops[0].run_until_complete(enqueue())
    for loop in loops:
        loop.close()


def test_functions_that_no_worker_could_import_are_no_tasks(queue: TaskQueue) -> None:
    lost = eval("lambda: None", {"__name__": "no_such_module"})
    with pytest.raises(ValueError, match="Cannot resolve module for"):
        queue.task(lost)
    with pytest.raises(AttributeError):
        queue.task(print)


@pytest.mark.parametrize("kind", [TaskQueue, AsyncTaskQueue])
def test_options_come_by_name_or_in_the_order_of_1_3_0(kind: Any) -> None:
    places = (
        "name queue_name scheduled_at max_retries priority ttl_seconds metadata retry_delay retry_backoff webhook_url"
    )
    said = dict(
        zip(places.split(), ("sum", "video", "2099-01-01", 5, 7, 60, {"a": 1}, 3, False, "http://h"), strict=True)
    )
    queue = kind()

    by_place = queue.task(*said.values())(add).order(1)

    assert by_place == queue.task(**said)(add).order(1)
    assert {"task_name" if name == "name" else name: value for name, value in said.items()}.items() <= by_place.items()
    with pytest.raises(TypeError, match="'prioritee'"):
        queue.task("sum", prioritee=3)
    with pytest.raises(TypeError, match="multiple values for argument 'queue_name'"):
        queue.task("sum", "video", queue_name="audio")
    with pytest.raises(TypeError, match=r"^got an unexpected keyword argument 'prioritee'"):
        queue.task(add).options(prioritee=3)


def test_a_program_names_its_own_file_as_the_module(tmp_path: Path) -> None:
    text = "from lapinq.client.order import module_path_of\ndef f(): ...\nprint(module_path_of(f))\n"
    (tmp_path / "program.py").write_text(text)

    for words in (["program.py"], ["-m", "program"]):
        said = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "program\n" == said.stdout
