"""``Storage``, and what else programs call that do without the server and without a worker of this package."""

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from lapinq import TaskRef
from lapinq._worker import execute_task_inline
from lapinq.settings import Settings
from lapinq.storage import Storage
from taskcore.errors import InvalidInput, TaskNotFound
from taskcore.testing import eventually

pytestmark = pytest.mark.anyio

TASKS = """
def add(a, b=0): return a + b
async def later(): ...
def odd(): return {1}
"""


@pytest.fixture
def module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with tasks in the working directory, one for each test."""
    name = f"called_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(TASKS)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield name
    sys.modules.pop(name, None)


async def test_the_highest_priority_is_handed_out_first_and_then_the_oldest_of_all_queues(storage: Storage) -> None:
    orders = [("a", 1, 0), ("b", 2, 5), ("a", 3, 5), ("c", 4, -1), ("b", 5, 0)]
    for queue, number, priority in orders:
        await storage.enqueue("add", queue, "mytasks", [number], priority=priority)

    claimed = [await storage.claim_task("w") or {} for _ in orders]

    assert [[2], [3], [1], [5], [4]] == [row["args"] for row in claimed]
    assert None is await storage.claim_task("w", statuses=("failed",))


async def test_rows_are_dicts_with_types_of_python(storage: Storage) -> None:
    task = await storage.enqueue("add", "q", "mytasks", [1], {"b": 2}, metadata={"m": [1]}, retry_delay=3)
    assert task is not None
    await storage.update_progress(task, 40, "on the way")
    await storage.update_task_metadata(task, {"n": None})

    (row,) = await storage.list_tasks(queue_name="q", status="pending", task_name="AD", limit=5)

    assert 25 == len(row)
    assert (task, [1], {"b": 2}, {"m": [1], "n": None}) == (row["id"], row["args"], row["kwargs"], row["metadata"])
    assert (40.0, "on the way", 3.0, True) == (
        row["progress"], row["progress_message"], row["retry_delay"], row["retry_backoff"],
    )  # fmt: skip
    assert row == await storage.get_task(task)
    assert None is not row["created_at"].tzinfo
    assert {"id": str(task), "status": "pending", "result": None, "error": None, "completed_at": None} == (
        await storage.get_task_result(task)
    )
    assert [{"queue_name": "q", "pending": 1}] == [
        {key: value for key, value in stats.items() if value} for stats in await storage.queue_stats()
    ]


async def test_what_is_not_there_is_none_or_false_and_changes_nothing(storage: Storage) -> None:
    nobody = uuid4()
    assert (None, None) == (await storage.get_task(nobody), await storage.get_task_result(nobody))
    assert (False, False) == (await storage.requeue_task(nobody), await storage.cancel_task(nobody))
    await storage.complete_task(nobody, "1")
    await storage.fail_task(nobody, "boom")
    with pytest.raises(TaskNotFound):
        await storage.update_progress(nobody, 5)


async def test_no_tasks_at_all_can_be_asked_for(storage: Storage) -> None:
    await storage.enqueue("add", "q", "mytasks", max_retries=1)
    await storage.fail_task((await storage.claim_task("w") or {})["id"], "boom")

    assert ([], []) == (await storage.list_tasks(limit=0), await storage.list_failed_tasks(limit=0))
    assert [1, 1] == [len(await storage.list_tasks(limit=1)), len(await storage.list_failed_tasks(limit=1))]
    with pytest.raises(InvalidInput, match="limit"):
        await storage.list_tasks(limit=-1)


async def test_a_task_that_is_requeued_says_how_far_it_was_until_it_begins_anew(storage: Storage) -> None:
    task = await storage.enqueue("add", "q", "mytasks", max_retries=1)
    assert task is not None
    await storage.claim_task("w")
    await storage.update_progress(task, 40, "on the way")
    await storage.fail_task(task, "boom")

    assert await storage.requeue_task(task)

    row = await storage.get_task(task) or {}
    assert ("pending", 40.0, "on the way") == (row["status"], row["progress"], row["progress_message"])
    again = await storage.claim_task("w") or {}
    assert (task, None, None) == (again["id"], again["progress"], again["progress_message"])


async def test_an_id_may_be_text_as_it_comes_out_of_json(storage: Storage) -> None:
    done, failed, waiting = [str(await storage.enqueue("add", "q", "mytasks", max_retries=1)) for _ in range(3)]
    assert [done, failed] == [str((await storage.claim_task("w") or {})["id"]) for _ in range(2)]

    await storage.update_progress(done, 40)
    await storage.update_task_metadata(done, {"a": 1})
    await storage.complete_task(done, "3")
    await storage.fail_task(failed, "boom")

    row, outcome = await storage.get_task(done) or {}, await storage.get_task_result(done) or {}
    assert (40.0, {"a": 1}, "3") == (row["progress"], row["metadata"], row["result"])
    assert (done, "completed") == (outcome["id"], outcome["status"])
    assert (True, True) == (await storage.requeue_task(failed), await storage.cancel_task(waiting))
    for call in (storage.get_task, storage.complete_task, storage.cancel_task):
        with pytest.raises(InvalidInput, match=r"a task's id must be a UUID, got '3cd39f6d\.\.\.'"):
            await call("3cd39f6d...")


async def test_of_tasks_that_are_stored_together_each_has_its_id(storage: Storage) -> None:
    one: dict[str, Any] = {"task_name": "add", "module_path": "mytasks"}
    first, again, other = await storage.enqueue_batch(
        [{**one, "idempotency_key": "k"}, {**one, "ttl_seconds": 0}, {**one, "idempotency_key": "k"}, one]
    )

    assert first == again
    assert {first, other} == {row["id"] for row in await storage.list_tasks()}
    assert 2 == await storage.delete_tasks(task_name="add")


async def test_a_database_that_is_not_there_is_said_after_so_many_attempts() -> None:
    with pytest.raises(RuntimeError, match="Could not connect to database after 1 attempts"):
        await Storage.create("postgresql://127.0.0.1:1/none", max_retries=1)


def test_a_function_is_called_as_the_compiled_module_of_1_3_0_did(module: str) -> None:
    def call(task_name: str, args: Any = (), kwargs: Any = None, **more: str) -> str:
        task = {"module_path": module, "task_name": task_name, "args": args, "kwargs": kwargs or {}, **more}
        return execute_task_inline(task)

    assert "12" == call("add", [5, 7])
    assert '"ab"' == call("add", ["a"], {"b": "b"})
    for wrong, kind in (
        (("later",), TypeError),
        (("odd",), TypeError),
        (("add", [1], [("b", 2)]), TypeError),
        (("gone",), AttributeError),
    ):
        with pytest.raises(kind):
            call(*wrong)
    with pytest.raises(ModuleNotFoundError):
        call("add", module_path="no_such_module")
    with pytest.raises(KeyError):
        execute_task_inline({"module_path": module, "task_name": "add"})


def test_an_answer_of_somebody_else_is_no_task() -> None:
    request = httpx.Request("POST", "http://x.example")
    for content in (b"<html>", b"[1]", json.dumps({"task_id": None}).encode()):
        ref = TaskRef[int](httpx.Response(201, content=content, request=request), "http://x.example", None)
        assert None is ref.task_id
        assert (201, None) == (ref.status_code, ref.status())


async def test_programs_that_listen_hear_of_changes_seldom_and_not_of_idle_looks(
    storage: Storage, settings: Settings
) -> None:
    heard: list[object] = []
    listener = await asyncpg.connect(settings.database_url)
    await listener.add_listener("lapinq_changed", lambda *notice: heard.append(notice[-1]))
    begun = time.monotonic()
    other = await Storage.open(settings)
    await other.enqueue("add", "q", "mytasks")
    await eventually(lambda: heard, within=30)
    for _ in range(50):
        await other.enqueue("add", "q", "mytasks", scheduled_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert await other.claim_task("w")
    await other.close()  # which tells what is not told yet
    most = 4 + 4 * (time.monotonic() - begun)

    for _ in range(20):
        assert await storage.claim_task("w") is None
    await storage.service.store.close()
    await storage.pool.execute("NOTIFY lapinq_changed, 'the last'")
    await eventually(lambda: heard[-1] == "the last", within=30)
    await listener.close()

    assert 3 <= len(heard) <= most
    assert {"", "the last"} == set(heard)
