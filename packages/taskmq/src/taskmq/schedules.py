"""Schedules: jobs that are stored at the instants of a cron expression, or every so often, by whichever worker runs.

The sync door to them, like ``taskmq.service`` is to jobs; both serve a command line and an API alike.
"""

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from taskcore.engine import schedule_acts
from taskcore.engine.schedule_acts import extra_run, set_paused
from taskcore.models import ScheduleRecord, ScheduleSpec, TaskQuery
from taskcore.ports import ScheduleStore, TaskStore
from taskcore.schedule import Every

from taskmq.bridge import bridge
from taskmq.errors import NotSupported, ScheduleExists, ScheduleNotFound
from taskmq.job_schedule import Fired, JobSchedule, ScheduleInfo, check_id, fired_of, info_of
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import job_of

__all__ = ["Fired", "JobSchedule", "ScheduleInfo", "Schedules"]

T = TypeVar("T")


class _Store(TaskStore, ScheduleStore, Protocol):
    """Jobs and schedules in one place."""


class Schedules:
    """The schedules of one queue. Every method raises ``StoreUnavailable`` when the queue cannot be reached.

    Raises:
        NotSupported: the backend keeps no schedules.
    """

    def __init__(self, backend: QueueBackend) -> None:
        if not isinstance(backend, StoreBackend) or not isinstance(backend.store, ScheduleStore):
            raise NotSupported(f"{type(backend).__name__} keeps no schedules")
        self._backend = backend

    def add(self, order: JobSchedule) -> ScheduleInfo:
        """Save a new schedule; its first instant is the next one from now.

        Raises:
            ScheduleExists: the id is taken. InvalidInput: in one sentence, with nothing stored.
        """
        return self._run(_save(self._store, order, is_new=True))

    def save(self, order: JobSchedule) -> ScheduleInfo:
        """Add a schedule, or replace the one with its id.

        Saving what is stored already changes nothing, so a program may declare its schedules whenever it starts. A
        schedule that keeps its instants goes on where it is; one that gets others begins from now.

        Raises:
            InvalidInput: in one sentence, with nothing stored.
        """
        return self._run(_save(self._store, order))

    def list(self) -> Sequence[ScheduleInfo]:
        """All schedules, by id."""
        return [info_of(record) for record in self._run(self._store.schedules())]

    def get(self, schedule: str) -> ScheduleInfo:
        """One of them.

        Raises:
            ScheduleNotFound: there is none.
        """
        return info_of(self._run(_found(self._store, schedule)))

    def pause(self, schedule: str) -> ScheduleInfo:
        """Hold it. Instants that come by meanwhile are not caught up; jobs that are stored already run.

        Raises:
            ScheduleNotFound: there is none.
        """
        return self._run(_pause(self._store, schedule, True))

    def resume(self, schedule: str) -> ScheduleInfo:
        """Let it go on, from now.

        Raises:
            ScheduleNotFound: there is none.
        """
        return self._run(_pause(self._store, schedule, False))

    def remove(self, schedule: str) -> None:
        """Remove it with the history of its instants; its jobs stay.

        Raises:
            ScheduleNotFound: there is none.
        """
        if not self._run(self._store.remove_schedule(check_id(schedule))):
            raise ScheduleNotFound(schedule)

    def run_now(self, schedule: str) -> int:
        """Store its job once more, due now, and return the id. Its instants stay what they are.

        Raises:
            ScheduleNotFound: there is none.
        """
        return self._run(_extra(self._store, schedule))

    def upcoming(self, schedule: str, count: int = 5) -> Sequence[datetime]:
        """Its next instants, in UTC, also those of a paused one.

        Raises:
            ScheduleNotFound: there is none.
        """
        return self.get(schedule).order.upcoming(self._run(self._store.now()), count)

    def history(self, schedule: str, limit: int = 50) -> Sequence[Fired]:
        """What became of its newest due instants, newest first.

        Raises:
            ScheduleNotFound: there is none.
        """
        return self._run(_history(self._store, schedule, max(limit, 0)))

    @property
    def _store(self) -> _Store:
        # ``__init__`` has asked, and a store that is opened anew is of the same kind.
        return cast(_Store, self._backend.store)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return bridge.run(work)


async def _save(store: _Store, order: JobSchedule, *, is_new: bool = False) -> ScheduleInfo:
    while True:
        present = await schedule_acts.read(store, order.id)
        if is_new and present is not None:
            raise ScheduleExists(order.id)
        saved = await _saved(store, order, present)
        if saved is not None:
            return info_of(saved)


async def _saved(store: _Store, order: JobSchedule, present: ScheduleRecord | None) -> ScheduleRecord | None:
    """None when ``present`` is not what is there any more."""
    now = await store.now()
    spec = order.spec(now)
    if present is None:
        return await store.replace_schedule(spec, now, None)
    spec = _kept(order, spec, present.spec)
    goes_on = present.spec.when == spec.when and not present.spec.paused
    return await store.replace_schedule(spec, present.cursor if goes_on else now, present.version)


def _kept(order: JobSchedule, spec: ScheduleSpec, present: ScheduleSpec) -> ScheduleSpec:
    """``spec`` with what ``order`` leaves as it is: whether it is paused, and since when it counts."""
    same_interval = isinstance(present.when, Every) and present.when.interval == order.every
    return replace(
        spec,
        paused=present.paused if order.paused is None else order.paused,
        when=present.when if order.start is None and same_interval else spec.when,
    )


async def _found(store: ScheduleStore, schedule: str) -> ScheduleRecord:
    record = await schedule_acts.read(store, schedule)
    if record is None:
        raise ScheduleNotFound(schedule)
    return record


async def _pause(store: ScheduleStore, schedule: str, paused: bool) -> ScheduleInfo:
    record = await set_paused(store, await _found(store, schedule), paused)
    if record is None:
        raise ScheduleNotFound(schedule)
    return info_of(record)


async def _extra(store: _Store, schedule: str) -> int:
    record = await _found(store, schedule)
    (receipt,) = await store.put([extra_run(record.spec)])
    return int(receipt.task)


async def _history(store: _Store, schedule: str, limit: int) -> Sequence[Fired]:
    record = await _found(store, schedule)
    fires = await store.fires(record.spec.id, limit) if limit else ()
    if not fires:
        return []
    now, newest = await store.now(), await store.find(TaskQuery(schedule=record.spec.id, limit=limit))
    tasks = {task.id: task for task in newest}
    history: list[Fired] = []
    for fire in fires:  # Extra runs, or a limit below theirs, may have kept the task of a fire out of the newest.
        task = None if fire.task is None else tasks.get(fire.task) or await store.get(fire.task)
        history.append(fired_of(fire, None if task is None else job_of(task, now=now)))
    return history
