"""Which pending tasks are ready, best first, without looking at all of them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from heapq import heappop, heappush

from taskcore.ids import IdScheme, TaskId
from taskcore.models import TaskRecord
from taskcore.states import TaskState

_Rank = tuple[int, datetime, tuple[int, str]]


def is_past(record: TaskRecord, now: datetime) -> bool:
    """Whether ``record`` must not begin any more."""
    return record.expires_at is not None and record.expires_at <= now


def is_ready(record: TaskRecord, now: datetime) -> bool:
    """Whether a worker may claim ``record``."""
    return record.state is TaskState.PENDING and record.run_at <= now and not is_past(record, now)


class ReadyQueues:
    """Two heaps a queue: tasks that wait for their ``run_at``, and due tasks by rank.

    An entry is a hint: it stays when its task moves on, and is thrown away when it surfaces.
    """

    def __init__(self, ids: IdScheme, find: Callable[[TaskId], TaskRecord | None]) -> None:
        self._ids = ids
        self._find = find
        self._waiting: dict[str, list[tuple[datetime, TaskId]]] = defaultdict(list)
        self._due: dict[str, list[tuple[_Rank, TaskId]]] = defaultdict(list)

    def add(self, record: TaskRecord) -> None:
        """Note a task that became PENDING."""
        heappush(self._waiting[record.queue], (record.run_at, record.id))

    def refresh(self, queues: Sequence[str], now: datetime) -> None:
        """Rank the tasks whose ``run_at`` has come."""
        for queue in queues:
            waiting = self._waiting[queue]
            while waiting and waiting[0][0] <= now:
                run_at, task = heappop(waiting)
                if (record := self._pending(task, run_at, queue)) is not None:
                    heappush(self._due[queue], (self._rank(record), task))

    def pop(self, queues: Sequence[str], now: datetime) -> TaskRecord | None:
        """Take out the best ready task; the caller moves it on, or adds it again. ``refresh`` comes first."""
        while heads := [(self._due[queue][0], queue) for queue in queues if self._due[queue]]:
            _, queue = min(heads)
            (_, run_at, _), task = heappop(self._due[queue])
            record = self._pending(task, run_at, queue)
            if record is not None and is_ready(record, now):
                return record
            if record is not None:
                # Expired, or the clock was set back: perhaps ready at the next refresh, never in this round.
                self.add(record)
        return None

    def next_ready(self, queues: Sequence[str], now: datetime, free: Callable[[TaskRecord], bool]) -> datetime | None:
        """The earliest instant, ``now`` or later, at which a task may be ready and ``free`` to begin; None when nothing
        waits."""
        self.refresh(queues, now)
        for queue in queues:
            for (_, run_at, _), task in self._due[queue]:
                record = self._pending(task, run_at, queue)
                if record is not None and is_ready(record, now) and free(record):
                    return now
        return min((self._waiting[queue][0][0] for queue in queues if self._waiting[queue]), default=None)

    def _pending(self, task: TaskId, run_at: datetime, queue: str) -> TaskRecord | None:
        record = self._find(task)
        if record is None or record.state is not TaskState.PENDING:
            return None
        return record if (record.run_at, record.queue) == (run_at, queue) else None

    def _rank(self, record: TaskRecord) -> _Rank:
        return -record.priority, record.run_at, self._ids.sort_key(record.id)
