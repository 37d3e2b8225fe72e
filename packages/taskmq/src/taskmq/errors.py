"""The errors that this package adds to those of ``taskcore.errors``.

TaskcoreError
├── JobNotFound          no job has this id
├── ScheduleNotFound     no schedule has this id
├── ScheduleExists       a schedule has this id already
├── NotReplayable        the job cannot be replayed exactly
│   ├── NoHashStored     no code version was kept with it
│   ├── HandlerUnknown   this process does not know its handler
│   └── HashMismatch     the handler's code has changed
├── NotSupported         the backend has the methods of ``QueueBackend`` alone
├── NotPortable          raised in a worker: a child process could not find the handler's function
└── UnknownHandler       raised in a worker: the job names no handler that is registered there

Here too, from there: ``RetryLater(delay)`` and ``NoRetry``, which handlers raise to say what is next; ``TaskTimeout``
and ``TaskCancelled``, by which they are stopped.
"""

from taskcore.errors import TaskCancelled, TaskcoreError, TaskTimeout
from taskcore.retry import NoRetry, RetryLater

__all__ = [
    "HandlerUnknown",
    "HashMismatch",
    "JobNotFound",
    "NoHashStored",
    "NoRetry",
    "NotPortable",
    "NotReplayable",
    "NotSupported",
    "RetryLater",
    "TaskCancelled",
    "TaskTimeout",
    "UnknownHandler",
]


class JobNotFound(TaskcoreError, LookupError):
    """No job has this id."""

    code = "not_found"

    def __init__(self, job_id: int, where: str = "the queue") -> None:
        super().__init__(f"job {job_id} not found in {where}")
        self.job_id = job_id


class ScheduleNotFound(TaskcoreError, LookupError):
    """No schedule has this id."""

    code = "not_found"

    def __init__(self, schedule: str) -> None:
        super().__init__(f"there is no schedule {schedule!r:.200}")
        self.schedule = schedule


class ScheduleExists(TaskcoreError):
    """A schedule has this id already."""

    code = "conflict"

    def __init__(self, schedule: str) -> None:
        super().__init__(f"there is a schedule {schedule!r:.200} already; replace it, or choose another id")
        self.schedule = schedule


class NotReplayable(TaskcoreError):
    """The job cannot be replayed exactly."""

    code = "not_replayable"


class NoHashStored(NotReplayable):
    """No code version was kept with the job."""


class HandlerUnknown(NotReplayable):
    """This process does not know the handler, or cannot read its source."""

    def __init__(self, handler: str | None) -> None:
        super().__init__(f"Handler '{handler}' not found in current process. Cannot verify hash.")
        self.handler = handler


class HashMismatch(NotReplayable):
    """The handler's code has changed since the job ran."""

    def __init__(self, original: str, current: str) -> None:
        super().__init__("Handler hash mismatch.")
        self.original, self.current = original, current


class NotSupported(TaskcoreError):
    """The backend has only the methods of ``QueueBackend``, and this takes more."""

    code = "not_supported"


class UnknownHandler(TaskcoreError, LookupError):
    """The job names a handler that this process has not registered, or none."""

    code = "handler_not_found"


class NotPortable(NoRetry):
    """A child process could not find the function of a handler, so it cannot run there."""

    code = "not_portable"
