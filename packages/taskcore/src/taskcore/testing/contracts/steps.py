"""Short ways to a situation, so that a contract's test shows only what it is about."""

from datetime import timedelta
from typing import Any

from taskcore.ids import TaskId
from taskcore.models import TaskRecord, TaskSpec
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, Event, TaskState
from taskcore.testing.factories import a_claim, a_settlement, a_task

ENDINGS = {
    TaskState.SUCCEEDED: Event.SUCCEED,
    TaskState.FAILED: Event.FAIL,
    TaskState.CANCELLED: Event.CANCEL,
    TaskState.INTERRUPTED: Event.INTERRUPT,
}
"""How a worker brings a task to rest."""

RETURNS = (Event.RETRY, Event.RELEASE, Event.LOSE, Event.REPEAT)
"""How it gives one back to the queue."""

WORKER_EVENTS = (*ENDINGS.values(), *RETURNS)

REST = sorted(AT_REST)


async def put(store: TaskStore, *specs: TaskSpec) -> list[TaskId]:
    """Put tasks, and answer with their ids."""
    return [receipt.task for receipt in await store.put(specs)]


async def put_one(store: TaskStore, **fields: Any) -> TaskId:
    """Put a task with these fields."""
    (task,) = await put(store, a_task(**fields))
    return task


async def present(store: TaskStore, task: TaskId) -> TaskRecord:
    """The record of a task that must exist."""
    record = await store.get(task)
    assert record is not None, f"task {task} is gone"
    return record


async def claim_one(store: TaskStore, worker: str = "w1", **fields: Any) -> TaskRecord:
    """Claim the one task that must be ready, and no more."""
    (record,) = await store.claim(a_claim(worker, limit=1, **fields))
    return record


async def run_one(store: TaskStore, event: Event, worker: str = "w1", **fields: Any) -> TaskRecord:
    """Claim the one task that is ready, end the attempt with ``event``, and answer with the record afterwards."""
    held = await claim_one(store, worker)
    if event is Event.REPEAT:
        fields.setdefault("run_at", await store.now())
    assert await store.settle([a_settlement(held, event, **fields)]) == [True]
    return await present(store, held.id)


async def bring_to(store: TaskStore, state: TaskState, **fields: Any) -> TaskId:
    """Put a task, and bring it to ``state``. Nothing else may be ready."""
    if state is TaskState.EXPIRED:
        task = await put_one(store, expires_at=await store.now() - timedelta(seconds=1), **fields)
        assert list(await store.expire(1)) == [task]
        return task
    task = await put_one(store, **fields)
    if state is TaskState.RUNNING:
        await claim_one(store)
    elif state is not TaskState.PENDING:
        await run_one(store, ENDINGS[state])
    return task
