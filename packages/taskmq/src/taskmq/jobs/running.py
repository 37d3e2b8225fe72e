"""The job that a handler is given.

One is made for every run, and most handlers look at little of it. To read it all takes longer than everything else that
happens around a short handler, so it is read when somebody looks: ``id`` and ``payload`` alone, the rest together.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Self

from taskcore.engine.context import TaskContext
from taskcore.models import TaskRecord

from taskmq import payload as payloads
from taskmq.job import Job
from taskmq.vocabulary import job_of, utc_now

_ALONE: Mapping[str, Callable[[TaskRecord], Any]] = {
    "id": lambda task: int(task.id),
    "payload": lambda task: payloads.from_text(task.payload),
}


class RunningJob(Job):
    """To whoever uses it, a ``Job`` like any other: what is set stays set, and what has been read is not read again."""

    __slots__ = ("_unread",)

    _unread: TaskRecord | None
    """The task, as long as there is something to read from it."""

    @classmethod
    def of(cls, context: TaskContext) -> Self:
        """The job of a run."""
        job = cls.__new__(cls)
        job._unread, job.context = context.task, context
        return job

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # what vars(job) shows has every field
        return self._read_all()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and _plain(self) == _plain(other)

    def __repr__(self) -> str:
        return repr(_plain(self))

    def _read(self, name: str) -> Any:
        alone, task = _ALONE.get(name), self._unread
        if alone is None or task is None:
            return self._read_all()[name]
        return super().__dict__.setdefault(name, alone(task))

    def _read_all(self) -> dict[str, Any]:
        known, task = super().__dict__, getattr(self, "_unread", None)
        if task is not None:
            known.update(vars(job_of(task, now=utc_now(), context=known["context"])) | known)
            self._unread = None
        return known


class _Unread:
    """In the place of a field: whom Python asks while the job has none of its own."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, job: RunningJob | None, kind: type[RunningJob]) -> Any:
        return getattr(Job, self._name, self) if job is None else job._read(self._name)


_FIELDS = [field.name for field in fields(Job)]
for _name in _FIELDS:
    setattr(RunningJob, _name, _Unread(_name))


def _plain(job: Job) -> Job:
    return Job(**{name: getattr(job, name) for name in _FIELDS})
