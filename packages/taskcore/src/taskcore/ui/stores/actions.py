"""What people do to tasks, queues, schedules and workers of a core store, and why some targets are left out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.models import LogLine, TaskRecord
from taskcore.ports import QueueControls, ScheduleStore, TaskStore, WorkerRegistry
from taskcore.states import AT_REST, WAITING, TaskState
from taskcore.ui.models import Action, ActionResult, Order
from taskcore.ui.models.tasks import TaskFilter
from taskcore.ui.stores.firing import ScheduleActions
from taskcore.ui.stores.tasks import query_of

CHUNK = 500
"""Tasks of one transaction."""
GONE = "it is not there any more"

TASKS = frozenset({Action.RETRY, Action.CANCEL, Action.DELETE, Action.PURGE_QUEUE})
QUEUES = frozenset({Action.PAUSE_QUEUE, Action.RESUME_QUEUE, Action.LIMIT_QUEUE})
SCHEDULES = frozenset(
    {Action.RUN_SCHEDULE, Action.PAUSE_SCHEDULE, Action.RESUME_SCHEDULE, Action.REMOVE_SCHEDULE},
)
WORKERS = frozenset({Action.FORGET_WORKER})


@dataclass(slots=True)
class _Tally:
    """What has become of an order so far."""

    done: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    def result(self, more: str = "") -> ActionResult:
        notes = [text.format(n) for text, n in self.notes.items()]
        return ActionResult(done=self.done, skipped=self.skipped, note="; ".join([*notes, *([more] if more else [])]))


class StoreActions:
    """The part for actions."""

    def __init__(
        self,
        store: TaskStore,
        controls: QueueControls | None,
        schedules: ScheduleStore | None,
        registry: WorkerRegistry | None,
    ) -> None:
        self._store, self._controls, self._registry = store, controls, registry
        self._schedules = None if schedules is None else ScheduleActions(schedules, store)

    @property
    def able(self) -> frozenset[Action]:
        """The actions that these ports can do."""
        return (
            TASKS
            | (QUEUES if self._controls is not None else frozenset())
            | (SCHEDULES if self._schedules is not None else frozenset())
            | (WORKERS if self._registry is not None else frozenset())
        )

    async def act(self, order: Order) -> ActionResult:
        """As ``ActionPart`` says.

        Raises:
            InvalidInput: these ports cannot do that, or an option of it is missing or wrong.
        """
        if order.action not in self.able:
            raise InvalidInput(f"{order.action} cannot be done here; this store can {', '.join(sorted(self.able))}")
        if order.action in SCHEDULES and self._schedules is not None:
            return await self._schedules.act(order)
        if order.action is Action.PURGE_QUEUE:
            return await self._purge(order)
        if order.action in TASKS:
            return await self._tasks(order)
        if order.action in QUEUES and self._controls is not None:
            return await self._queues(order, self._controls)
        return await self._forget(order)

    async def _tasks(self, order: Order) -> ActionResult:
        tally, step = _Tally(), self._steps[order.action]
        if order.matching is None:
            for chunk in chunks(order.targets):
                await step(self, chunk, tally)
            return tally.result()
        seen = 0
        async for records in self._matching(order.matching, order.limit):
            await step(self, [record.id for record in records], tally)
            seen += len(records)
        return tally.result(f"stopped at the limit of {order.limit:,}" if seen >= order.limit else "")

    async def _matching(self, wanted: TaskFilter, limit: int) -> AsyncIterator[Sequence[TaskRecord]]:
        """Tasks that ``wanted`` describes, newest first, so that those put meanwhile are left alone."""
        query = query_of(replace(wanted, oldest_first=False))
        while query is not None and limit > 0:
            records = await self._store.find(replace(query, limit=min(CHUNK, limit)))
            if not records:
                return
            yield records
            limit -= len(records)
            query = replace(query, after=records[-1].id)

    async def _retry(self, tasks: Sequence[str], tally: _Tally) -> None:
        replayed = await self._store.replay([TaskId(task) for task in tasks])
        tally.done += sum(replayed)
        for task in (task for task, done in zip(tasks, replayed, strict=True) if not done):
            record = await self._store.get(TaskId(task))
            tally.skipped[task] = GONE if record is None else f"it is {record.state}"

    async def _cancel(self, tasks: Sequence[str], tally: _Tally) -> None:
        states = await self._store.cancel([TaskId(task) for task in tasks])
        await self._note([task for task, state in zip(tasks, states, strict=True) if state is TaskState.RUNNING])
        for task, state in zip(tasks, states, strict=True):
            if state is None:
                tally.skipped[task] = GONE
            elif state in AT_REST and state is not TaskState.CANCELLED:
                tally.skipped[task] = f"it is {state} already"
            else:
                tally.done += 1
                if state is TaskState.RUNNING:
                    running = "{} running: they stop as soon as their handlers notice"
                    tally.notes[running] = tally.notes.get(running, 0) + 1

    async def _note(self, running: Sequence[str]) -> None:
        """In the logs of tasks that are to stop; those that have not begun end at once, and say so themselves."""
        now, about = await self._store.now(), "Cancellation requested"
        lines = [LogLine(task=TaskId(task), attempt=0, at=now, level="WARNING", message=about) for task in running]
        if lines:
            await self._store.add_logs(lines)

    async def _delete(self, tasks: Sequence[str], tally: _Tally) -> None:
        known = [TaskId(task) for task in tasks]
        removed = await self._store.delete(known)
        tally.done += removed
        if removed == len(known):
            return
        for task in known:
            record = await self._store.get(task)
            if record is not None:
                tally.skipped[task] = f"it is {record.state}"

    _steps: Mapping[Action, Callable[["StoreActions", Sequence[str], _Tally], Awaitable[None]]] = {
        Action.RETRY: _retry,
        Action.CANCEL: _cancel,
        Action.DELETE: _delete,
    }

    async def _purge(self, order: Order) -> ActionResult:
        """Remove what waits in a queue; what runs or has run stays."""
        waiting = TaskFilter(phases=WAITING, queues=frozenset(order.targets))
        if not order.targets:
            raise InvalidInput("purge-queue needs the name of a queue")
        return await self._tasks(replace(order, action=Action.DELETE, targets=(), matching=waiting))

    async def _queues(self, order: Order, controls: QueueControls) -> ActionResult:
        concurrency = _concurrency(order.options) if order.action is Action.LIMIT_QUEUE else None
        for queue in order.targets:
            match order.action:
                case Action.PAUSE_QUEUE:
                    await controls.pause(queue)
                case Action.RESUME_QUEUE:
                    await controls.resume(queue)
                case _:
                    await controls.limit(queue, concurrency)
        return ActionResult(done=len(order.targets))

    async def _forget(self, order: Order) -> ActionResult:
        tally = _Tally()
        for worker in order.targets:
            if self._registry is not None and await self._registry.forget(WorkerId(worker)):
                tally.done += 1
            else:
                tally.skipped[worker] = GONE
        return tally.result()


def chunks(targets: Sequence[str]) -> Iterator[list[str]]:
    """``targets`` in parts of one transaction each, every one once."""
    rest = iter(dict.fromkeys(targets))
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _concurrency(options: Mapping[str, str]) -> int | None:
    text = options.get("concurrency", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:8]) <= 1_000_000 and len(text) <= 8):
        raise InvalidInput(
            f"concurrency must be a number from 1 to 1,000,000, or nothing for no limit, got {text!r:.40}"
        )
    return int(text)
