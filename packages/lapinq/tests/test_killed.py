"""Workers of the command line that are killed: nothing is lost, and every task is closed once, by who held it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.tables import Filter
from taskcore.ids import TaskId
from taskcore.models import TaskQuery
from taskcore.states import Event, TaskState

pytestmark = pytest.mark.anyio

TASKS = """
import os, time
from lapinq import current_task

def works():
    time.sleep(0.01)
    return [current_task().attempt, os.getpid()]
"""
QUICKLY = {"LAPINQ_HEARTBEAT_INTERVAL": "0.4", "LAPINQ_LOG_LEVEL": "error", "PGSSLMODE": "disable"}
"""A worker that is silent for 1.2 s counts as dead."""
TASKS_EACH, KILLS = 150, 3


@contextmanager
def worker(url: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words = [sys.executable, "-m", "lapinq", "worker", "--concurrency", "4", "--database-url", url]
    with subprocess.Popen(words, cwd=folder, env={**os.environ, **QUICKLY}) as process:
        yield process
        process.kill()


# A process takes a second or two to start, and four of them do; that is what the test is about.
@pytest.mark.timeout(200)
async def test_killed_workers_lose_no_task_and_store_none_twice(
    service: Service, postgres_url: str, folder: Path
) -> None:
    (folder / "chaos_tasks.py").write_text(TASKS)
    order = Order(task_name="works", module_path="chaos_tasks", max_retries=100)
    put: set[UUID] = set()
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(postgres_url, folder)) for _ in range(2)]
        for kill in range(KILLS):
            put.update(await service.enqueue_batch([order] * TASKS_EACH))
            victim = await some_holder(service, {process.pid for process in workers})
            next(process for process in workers if process.pid == victim).kill()
            if kill < KILLS - 1:
                workers = [process for process in workers if process.pid != victim]
                workers.append(stack.enter_context(worker(postgres_url, folder)))
        await all_done(service, len(put))

    records = await service.records(Filter(), None, 10_000)
    assert put == {UUID(record.id) for record in records}
    assert {TaskState.SUCCEEDED} == {record.state for record in records}
    assert any(record.losses for record in records), "no kill hit a running task; the test proved nothing"
    for record in records:
        attempt, pid = json.loads(record.result or "null")
        assert (record.losses + 1, str(pid)) == (attempt, str(record.worker).split(":")[1])
        ends = [attempt.ended for attempt in await service.store.attempts(TaskId(record.id))] if record.losses else []
        assert ends.count(Event.SUCCEED) == min(1, record.losses)


async def some_holder(service: Service, pids: set[int]) -> int:
    """The process id of a worker that runs a task now."""
    running = TaskQuery(states=frozenset({TaskState.RUNNING}), limit=1)
    async with asyncio.timeout(90):
        while True:
            for record in await service.store.find(running):
                if (pid := int(str(record.worker).split(":")[1])) in pids:
                    return pid
            await asyncio.sleep(0.01)


async def all_done(service: Service, count: int) -> None:
    async with asyncio.timeout(90):
        while count != sum(queue.counts["completed"] for queue in await service.queues()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
