"""What pages, APIs and CLIs ask, as ``taskcore.ports.tasks`` tells it. The caller of a method holds the lock."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from heapq import nlargest, nsmallest
from operator import itemgetter

from taskcore.adapters.memory.matching import checks
from taskcore.adapters.memory.ready import is_ready
from taskcore.adapters.memory.records import Records
from taskcore.adapters.memory.transitions import ENDED_BY, last_attempt
from taskcore.clock import Clock
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, Order, QueueCounts, TaskQuery, TaskRecord
from taskcore.states import phase


class Reader:
    """What ``TaskReader`` does."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def find(self, query: TaskQuery) -> list[TaskRecord]:
        sort_key, passed = self._records.ids.sort_key, checks(query, self._clock.now())
        found: Iterable[TaskRecord] = self._records.tasks.values()
        for check in passed:
            found = filter(check, found)
        newest = query.order is Order.NEWEST
        if query.after is not None:
            last = sort_key(query.after)
            found = [r for r in found if (sort_key(r.id) < last if newest else sort_key(r.id) > last)]
        first = nlargest if newest else nsmallest
        return first(max(0, query.limit), found, key=lambda record: sort_key(record.id))

    def counts(self) -> list[QueueCounts]:
        now = self._clock.now()
        queues: dict[str, list[TaskRecord]] = defaultdict(list)
        for record in self._records.tasks.values():
            queues[record.queue].append(record)
        return [
            QueueCounts(
                queue=queue,
                by_state=Counter(record.state for record in records),
                by_phase=Counter(phase(record.state, record.attempt, record.run_at, now) for record in records),
                oldest_due=min((record.run_at for record in records if is_ready(record, now)), default=None),
            )
            for queue, records in sorted(queues.items())
        ]

    def attempts(self, task: TaskId) -> list[Attempt]:
        record = self._records.tasks.get(task)
        if record is None:
            return []
        kept = self._records.attempts.get(task, [])
        last = last_attempt(record, ENDED_BY.get(record.state))
        # A task that was retried, and cancelled while it waited, still tells of an attempt that is kept already.
        if last is None or (kept and kept[-1].number == last.number):
            return list(kept)
        return [*kept, last]

    def logs(self, task: TaskId | None, name: str | None, limit: int) -> list[LogLine]:
        tasks = list(self._records.logs) if task is None else [task]
        wanted = [each for each in tasks if name is None or self._is_named(each, name)]
        lines = sorted((line for each in wanted for line in self._records.logs.get(each, ())), key=itemgetter(0))
        return [line for _, line in lines[max(0, len(lines) - limit) :]]

    def _is_named(self, task: TaskId, name: str) -> bool:
        record = self._records.tasks.get(task)
        return record is not None and record.name == name
