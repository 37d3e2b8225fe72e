"""The errors that this package adds to those of ``taskcore.errors``.

TaskcoreError
├── JobNotFound          no job has this id
├── ScheduleNotFound     no schedule has this id
├── ScheduleExists       a schedule has this id already
├── UniqueKeyTaken       another job has the unique key
├── JobFailed            the job is dead or cancelled, so that it has no result
├── JobNotOver           the job has no result yet
│   └── WaitTimeout      somebody waited for it, and it took too long
├── NotReplayable        the job cannot be replayed exactly
│   ├── NoHashStored     no code version was kept with it
│   ├── HandlerUnknown   this process does not know its handler
│   └── HashMismatch     the handler's code has changed
├── MigrationRefused     jobs cannot be moved to another queue as things are
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
    "MigrationRefused",
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

from taskmq.job import Job


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


class UniqueKeyTaken(TaskcoreError):
    """The job cannot run again: another one has got its unique key."""

    code = "conflict"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the unique key {key!r:.200} of this job is another one's by now; wait for that, then replay it"
        )
        self.key = key


class JobFailed(TaskcoreError):
    """The job is dead or cancelled; ``job`` tells why."""

    code = "job_failed"

    def __init__(self, job: Job) -> None:
        cause = ": ".join(filter(None, (job.error_type, job.error_log)))
        super().__init__(f"job {job.id} is {job.state}" + (f": {cause}" if cause else ""))
        self.job = job


class JobNotOver(TaskcoreError):
    """The job has no result yet."""

    code = "not_over"

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.id} is {job.state}, and has no result yet; wait for it, or ask again later")
        self.job = job


class WaitTimeout(JobNotOver, TimeoutError):
    """Somebody waited for a job, and it took too long."""

    code = "timeout"

    def __init__(self, job: Job, timeout: float) -> None:
        super().__init__(job)
        self.timeout = timeout

    def __str__(self) -> str:
        return f"job {self.job.id} is still {self.job.state} after {self.timeout:g} s"


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


class MigrationRefused(TaskcoreError):
    """Somebody works on a queue that is to be moved, or the target is not empty."""

    code = "migration_refused"


class NotSupported(TaskcoreError):
    """The backend has only the methods of ``QueueBackend``, and this takes more."""

    code = "not_supported"


class UnknownHandler(TaskcoreError, LookupError):
    """The job names a handler that this process has not registered, or none."""

    code = "handler_not_found"


class NotPortable(NoRetry):
    """A child process could not find the function of a handler, so it cannot run there."""

    code = "not_portable"
