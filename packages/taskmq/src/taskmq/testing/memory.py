"""A queue in memory, and the time in which it lives."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from taskcore.clock import SystemClock
from taskcore.engine.announcer import Tally
from taskcore.errors import InvalidInput
from taskcore.models import TaskQuery
from taskcore.ports import ScheduleStore, TaskStore
from taskcore.states import TaskState
from taskcore.testing.clock import FakeClock

from taskmq.bridge import bridge
from taskmq.job import Job
from taskmq.storage.store_backend import StoreBackend
from taskmq.testing.draining import drain
from taskmq.vocabulary import WAITING
from taskmq.wiring import memory_store

MOST_INSTANTS = 10_000
PAGE = 500


class GoingClock(FakeClock):
    """One that goes on with the time of this machine as well."""

    def __init__(self) -> None:
        self._machine = SystemClock()
        self._begun = self._machine.now()
        super().__init__(self._begun)

    def now(self) -> datetime:
        return super().now() + (self._machine.now() - self._begun)


class Sandbox(StoreBackend):
    """A backend whose jobs are in memory, and whose time stands still until ``advance``.

    Attributes:
        clock: the time of its jobs.
        options: of the workers that ``run`` and ``advance`` start, as in ``Worker``.
    """

    def __init__(self, clock: FakeClock | None = None, **options: Any) -> None:
        super().__init__()
        self.clock = clock or FakeClock(SystemClock().now())
        self.options = options
        self._memory = memory_store(self.clock)

    @property
    def store(self) -> TaskStore:
        """The memory."""
        return self._memory

    async def _open(self) -> TaskStore:
        return self._memory

    @property
    def jobs(self) -> list[Job]:
        """All jobs that were asked for, in that order."""
        return list(self._all())

    def run(self) -> Tally:
        """Run what is due now."""
        done = drain(self, **self.options)
        self._expire()
        return done

    def advance(self, by: timedelta | float) -> datetime:
        """Let time pass, in seconds or as a span, and run what becomes due on the way, each thing at its instant.

        Retries, periodic jobs and schedules included; nothing sleeps. Returns the new time.

        Raises:
            InvalidInput: that is more than 10,000 instants.
        """
        until = self.clock.now() + (by if isinstance(by, timedelta) else timedelta(seconds=by))
        self.run()
        for _ in range(MOST_INSTANTS):
            upcoming = self._next_instant()
            if upcoming is None or upcoming > until:
                self.clock.advance(max(until - self.clock.now(), timedelta(0)))
                self._expire()
                return until
            self.clock.advance(max(upcoming - self.clock.now(), timedelta(0)))
            self.run()
        raise InvalidInput(f"more than {MOST_INSTANTS:,} instants until {until}; advance in smaller steps")

    def _expire(self) -> None:
        """What a worker does every other second, which these do not live to see."""
        while bridge.run(self._memory.expire(PAGE)):
            pass

    def _all(self) -> Iterator[Job]:
        page = self.find_jobs(limit=PAGE, oldest_first=True)
        while page:
            yield from page
            page = self.find_jobs(limit=PAGE, oldest_first=True, after=page[-1].id)

    def _next_instant(self) -> datetime | None:
        """When something will be due, of what is not due now."""
        pending = TaskQuery(states=frozenset({TaskState.PENDING}), limit=1_000_000)
        tasks = bridge.run(self.store.find(pending))
        schedules = bridge.run(cast(ScheduleStore, self.store).schedules())
        instants = [task.run_at for task in tasks if task.queue != WAITING]
        instants += [each.next_at for each in schedules if each.next_at is not None and not each.spec.paused]
        return min((each for each in instants if each > self.clock.now()), default=None)
