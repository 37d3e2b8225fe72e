"""More broken stores: these break what pages rely on."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from taskcore.adapters.memory import MemoryStore
from taskcore.adapters.memory.presence import Workers
from taskcore.adapters.memory.reading import Reader
from taskcore.adapters.memory.statistics import Statistics
from taskcore.adapters.memory.tasks import Tasks
from taskcore.models import MINUTE, Claim, Part, TaskQuery, TaskRecord, TimedCount, WorkerInfo
from taskcore.states import state_of
from taskcore.testing import FakeClock


class PhasesAreIgnored(Reader):
    """Lists and counts waiting tasks by their state alone."""

    def find(self, query: TaskQuery) -> list[TaskRecord]:
        states = query.states or {state_of(phase) for phase in query.phases}
        return super().find(replace(query, phases=frozenset(), states=frozenset(states)))


class DueTasksAreStillScheduled(Reader):
    """Looks at phases a moment too early."""

    def find(self, query: TaskQuery) -> list[TaskRecord]:
        self._clock = FakeClock(self._clock.now() - timedelta(microseconds=1))
        return super().find(query)


class TextIsAPattern(Reader):
    """Hands text to LIKE as it is."""

    def find(self, query: TaskQuery) -> list[TaskRecord]:
        patterns = {part: re.escape(text).replace("%", ".*").replace("_", ".") for part, text in query.contains.items()}
        found = super().find(replace(query, contains={}, limit=10**6))
        return [record for record in found if self._holds(record, patterns)][: query.limit]

    @staticmethod
    def _holds(record: TaskRecord, patterns: dict[Part, str]) -> bool:
        texts = {part: str(getattr(record, part)) for part in patterns}
        return all(re.search(pattern, texts[part], re.IGNORECASE | re.DOTALL) for part, pattern in patterns.items())


class SpansHaveNoEnd(Reader):
    """Takes the first instant that does not count for one that does."""

    def find(self, query: TaskQuery) -> list[TaskRecord]:
        before = query.created_before
        return super().find(replace(query, created_before=before and before + timedelta(microseconds=1)))


class TracesAreLost(Tasks):
    """Forgets where a task came from as soon as it is tried."""

    def claim(self, wanted: Claim) -> list[TaskRecord]:
        claimed = [replace(record, trace=None) for record in super().claim(wanted)]
        for record in claimed:
            self._records.save(record)
        return claimed


class CountsTakeEachOthersPlace(Statistics):
    """Keeps what came last."""

    def add(self, counts: Sequence[TimedCount]) -> None:
        for each in counts:
            self._counts[each.span, each.at, each.queue, each.name, each.what] = each.count


class SpansAreMixed(Statistics):
    """Adds hours to minutes."""

    def add(self, counts: Sequence[TimedCount]) -> None:
        super().add([replace(each, span=MINUTE) for each in counts])


class PruneIsTooEager(Statistics):
    """Removes what began exactly so long ago, too."""

    def prune(self, span: timedelta, older_than: timedelta) -> int:
        return super().prune(span, older_than - timedelta(microseconds=1))


class NobodyIsForgotten(Workers):
    """Remembers workers that are gone for ever."""

    def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        super().sight(worker, timedelta.max / 1000)


class TheFirstWordStands(Workers):
    """Notes that a worker is there, and not what it says by now."""

    def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        known = self._sightings.get(worker.id)
        super().sight(worker if known is None else known.worker, forget_after)


class OnlyTasksCount(MemoryStore):
    """Has a revision of tasks, and none of the rest."""

    async def revision(self) -> str:
        return str([*self._records.tasks.values(), *self._records.logs.values()])


class LooksAreChanges(MemoryStore):
    """Changes with every look."""

    async def revision(self) -> str:
        self._records.writes += 1
        return await super().revision()
