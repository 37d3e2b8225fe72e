"""How tasks are found and looked at: one, pages of those that meet a filter, and how many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from taskcore.errors import TaskNotFound
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, TaskQuery, TaskRecord
from taskcore.pagination import Cursor, Page, checked_limit

from lapinq import wiring
from lapinq.errors import NotFinished
from lapinq.numbers import QueueStats, at_most, stats_of
from lapinq.tables import Filter, Tables
from lapinq.task import Task, task_of
from lapinq.vocabulary import FINISHED, STATES

READ = 10_000
"""Tasks that are read for no other reason than to say how many there are."""


class Reading:
    """The use cases of ``lapinq.service.Service`` that change nothing."""

    def __init__(self, store: wiring.Store, tables: Tables) -> None:
        self.store = store
        self.tables = tables

    async def get(self, task: UUID) -> Task:
        """The task.

        Raises:
            TaskNotFound: there is none.
        """
        return task_of(await self._record(task))

    async def result(self, task: UUID) -> Task:
        """A task that has completed or failed.

        Raises:
            TaskNotFound: there is none. NotFinished: it is something else; the error says what.
        """
        found = await self.get(task)
        if found.status not in FINISHED:
            raise NotFinished(found.status)
        return found

    async def list(self, wanted: Filter | None = None, *, limit: int = 50, cursor: str | None = None) -> Page[Task]:
        """One page of tasks, newest first; more than 1,000 are never on it.

        Raises:
            InvalidInput: a bad limit. BadCursor: a cursor of another listing.
        """
        wanted = wanted or Filter()
        limit = checked_limit(limit)
        after = None if cursor is None else TaskId(str(Cursor.decode(cursor, asdict(wanted)).key[0]))
        found = await self.records(wanted, after, limit + 1)
        next_cursor = Cursor((found[limit - 1].id,)).encode(asdict(wanted)) if len(found) > limit else None
        return Page(tuple(map(task_of, found[:limit])), next_cursor)

    async def total(self, wanted: Filter) -> int | None:
        """How many tasks meet a filter; None where more than ``READ`` would have to be read to tell."""
        if wanted.is_hopeless:
            return 0
        number = at_most(await self.queues(), wanted)
        if not wanted.has_patterns:
            return number
        return None if number > READ else await self.tables.count(wanted)

    async def count(self, wanted: Filter) -> int:
        """How many tasks meet a filter, however long it takes to tell."""
        if not wanted.is_hopeless and wanted.has_patterns:
            return await self.tables.count(wanted)
        return await self.total(wanted) or 0

    async def survey(self, wanted: Filter) -> Mapping[str, int]:
        """How many tasks of each queue meet a filter."""
        return {} if wanted.is_hopeless else await self.tables.survey(wanted)

    async def attempts(self, task: UUID) -> Sequence[Attempt]:
        """The executions of a task, first to last; the newest hundred at least.

        Raises:
            TaskNotFound: there is none.
        """
        return await self.store.attempts((await self._record(task)).id)

    async def logs(self, task: UUID, limit: int = 100) -> Sequence[LogLine]:
        """The newest lines that a task has left, oldest first.

        Raises:
            TaskNotFound: there is none.
        """
        return await self.store.logs((await self._record(task)).id, limit=limit)

    async def queues(self) -> Sequence[QueueStats]:
        """The queues that hold any task, by name."""
        return stats_of(await self.store.counts())

    async def records(self, wanted: Filter, after: TaskId | None, limit: int) -> Sequence[TaskRecord]:
        """The core's records of tasks that meet a filter, newest first, those behind ``after``."""
        if wanted.is_hopeless:
            return ()
        if (wanted.queue or wanted.status) and not at_most(await self.queues(), wanted):
            return ()
        if wanted.has_patterns:
            return await self.tables.search(wanted, after=after, limit=limit)
        states = STATES[wanted.status] if wanted.status else frozenset()
        return await self.store.find(TaskQuery(states=states, queue=wanted.queue or None, after=after, limit=limit))

    async def _id(self, task: UUID) -> TaskId:
        return (await self.tables.task_ids([task]))[task]

    async def _record(self, task: UUID) -> TaskRecord:
        record = await self.store.get(await self._id(task))
        if record is None:
            raise TaskNotFound(str(task))
        return record
