"""The reaper: takes back what dead workers held, and clears what nobody wants any more.

Every worker process runs one; since each write is fenced, many at once do no harm.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from taskcore.clock import Clock, SystemClock
from taskcore.engine.announcer import task_event
from taskcore.engine.policy import Policy, RetryingPolicy
from taskcore.ids import TaskId
from taskcore.models import Settlement, TaskRecord
from taskcore.ports import EventBus, TaskReader, TaskUpkeep
from taskcore.states import Event, TaskState

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long tasks at rest are kept; a state that is not named is kept for ever."""

    keep: dict[TaskState, timedelta] = field(default_factory=dict)

    def ages(self) -> Iterator[tuple[timedelta, frozenset[TaskState]]]:
        """Each age, with the states that are kept for so long."""
        for age in dict.fromkeys(self.keep.values()):
            yield age, frozenset(state for state, kept in self.keep.items() if kept == age)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    recovered: int
    expired: int
    pruned: int


class Reaper:
    """``tick`` recovers every overdue task, expires, and prunes one batch of the states that are kept equally long.

    Args:
        reader: where to look up what expired, which ``bus`` hears of only then.
    """

    def __init__(
        self,
        store: TaskUpkeep,
        *,
        policy: Policy | None = None,
        retention: Retention | None = None,
        clock: Clock | None = None,
        bus: EventBus | None = None,
        reader: TaskReader | None = None,
    ) -> None:
        self._store, self._reader = store, reader
        self._policy = policy or RetryingPolicy()
        self._retention = retention or Retention()
        self._clock = clock or SystemClock()
        self._bus = bus

    async def tick(self) -> Swept:
        """One sweep."""
        return Swept(await self._recover(), await self._expire(), await self._prune())

    async def _recover(self) -> int:
        recovered = 0
        while tasks := await self._store.overdue(BATCH):
            settlements = [self._policy.lost(task) for task in tasks]
            stored = await self._store.recover(settlements)
            recovered += sum(stored)
            self._announce(
                [pair for pair, yes in zip(zip(tasks, settlements, strict=True), stored, strict=True) if yes]
            )
            if len(tasks) < BATCH:
                break
        return recovered

    def _announce(self, taken_back: list[tuple[TaskRecord, Settlement]]) -> None:
        if self._bus is not None and taken_back:
            now = self._clock.now()
            self._bus.publish(
                [task_event(now, task, settlement.event, error=settlement.error) for task, settlement in taken_back]
            )

    async def _expire(self) -> int:
        expired = 0
        while tasks := await self._store.expire(BATCH):
            expired += len(tasks)
            await self._announce_expired(tasks)
            if len(tasks) < BATCH:
                break
        return expired

    async def _announce_expired(self, tasks: Sequence[TaskId]) -> None:
        if self._bus is not None and self._reader is not None and self._bus.wants(Event.EXPIRE):
            now = self._clock.now()
            found = [await self._reader.get(task) for task in tasks]
            self._bus.publish([task_event(now, task, Event.EXPIRE) for task in found if task is not None])

    async def _prune(self) -> int:
        return sum([await self._store.prune(states, age, BATCH) for age, states in self._retention.ages()])
