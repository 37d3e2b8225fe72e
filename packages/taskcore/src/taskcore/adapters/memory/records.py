"""The tables of the reference store, and what is looked up in them. No rule of a task's life is here."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from taskcore.adapters.memory.ready import ReadyQueues
from taskcore.clock import Clock, to_micros
from taskcore.errors import InvalidInput
from taskcore.ids import IdScheme, TaskId, task_ids
from taskcore.models import Attempt, LogLine, TaskRecord
from taskcore.states import TaskState


class Records:
    """Tasks by id, with their kept attempts and their logs; indexes follow by themselves.

    Attributes:
        attempts: of each task, those that are over and that its record tells nothing of any more.
        logs: lines of each task with a number that follows the time they were stored.
        writes: how often something was stored or removed.
    """

    def __init__(self, ids: IdScheme, clock: Clock) -> None:
        self.ids = ids
        self.tasks: dict[TaskId, TaskRecord] = {}
        self.by_key: dict[str, TaskId] = {}
        self.running: set[TaskId] = set()
        self.ready = ReadyQueues(ids, self.tasks.get)
        self.attempts: dict[TaskId, list[Attempt]] = defaultdict(list)
        self.logs: dict[TaskId, list[tuple[int, LogLine]]] = defaultdict(list)
        self.writes = 0
        self._line_numbers = count()
        self._time_sorted = task_ids(lambda: to_micros(clock.now()) * 1000)
        self._highest = 0

    def new_id(self, chosen: TaskId | None) -> TaskId:
        """The id that the caller chose, or a fresh one.

        Raises:
            InvalidInput: the chosen one is taken, or of the wrong kind.
        """
        if chosen is None:
            return self._fresh_id()
        if self.ids.check(chosen) in self.tasks:
            raise InvalidInput(f"the task id {chosen!r} is taken; choose another, or none and let the store number it")
        if self.ids is IdScheme.NUMBERED:
            self._highest = max(self._highest, int(chosen))
        return chosen

    def _fresh_id(self) -> TaskId:
        if self.ids is IdScheme.TIME_SORTED:
            return next(self._time_sorted)
        self._highest += 1
        return TaskId(str(self._highest))

    def save(self, record: TaskRecord) -> None:
        """Store a new task, or the new state of one."""
        self.writes += 1
        self.tasks[record.id] = record
        if record.idempotency_key is not None:
            self.by_key[record.idempotency_key] = record.id
        if record.state is TaskState.RUNNING:
            self.running.add(record.id)
        else:
            self.running.discard(record.id)
        if record.state is TaskState.PENDING:
            self.ready.add(record)

    def remove(self, record: TaskRecord) -> None:
        """Forget a task with all that belongs to it."""
        self.writes += 1
        del self.tasks[record.id]
        if record.idempotency_key is not None:
            del self.by_key[record.idempotency_key]
        self.attempts.pop(record.id, None)
        self.logs.pop(record.id, None)

    def release_key(self, record: TaskRecord) -> None:
        """Let others have the idempotency key of a task."""
        if record.idempotency_key is not None:
            del self.by_key[record.idempotency_key]
            self.save(replace(record, idempotency_key=None))

    def log(self, lines: Iterable[LogLine]) -> None:
        """Keep the lines whose task exists."""
        for line in lines:
            if line.task in self.tasks:
                self.writes += 1
                self.logs[line.task].append((next(self._line_numbers), line))
