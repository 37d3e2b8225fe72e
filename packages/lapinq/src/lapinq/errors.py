"""The errors that this package adds to those of ``taskcore.errors``.

TaskcoreError
├── NotImportable        a worker would not run this function
├── KeyTaken             a task in another queue has this idempotency key
├── NotPending           only a pending task can be cancelled
├── NotFailed            only a failed task can be requeued
├── NotFinished          the task has no result yet
├── ScheduleNotFound     no row of the schedules has this id
└── TaskFailed           whoever waits for a task's value hears that there is none

``RetryError`` is none of them: a task raises it when it wants to be run again later.
"""

from datetime import timedelta

from taskcore.errors import InvalidInput, TaskcoreError
from taskcore.retry import MAX_CAP


class NotImportable(InvalidInput):
    """The import policy does not let workers run this function; see ``lapinq.imports``."""

    code = "not_importable"


class KeyTaken(TaskcoreError):
    """The idempotency key is that of a task in another queue, of which its caller is told nothing."""

    code = "key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"the idempotency key {self.key!r:.80} is that of a task in another queue"


class ScheduleNotFound(TaskcoreError, LookupError):
    """There is no such schedule."""

    code = "schedule_not_found"

    def __str__(self) -> str:
        return "schedule not found"


class NotPending(TaskcoreError):
    """There is no such task, or it is not pending."""

    code = "not_pending"


class NotFailed(TaskcoreError):
    """There is no such task, or it has not failed."""

    code = "not_failed"


class NotFinished(TaskcoreError):
    """The task is neither completed nor failed; ``status`` says what it is."""

    code = "not_finished"

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return "task not finished"


class TaskFailed(TaskcoreError):
    """A task that somebody waits for did not complete.

    Attributes:
        status: "failed", "cancelled" or "expired".
        error: the text of its last error.
    """

    code = "task_failed"

    def __init__(self, task_id: str, status: str, error: str | None) -> None:
        super().__init__(task_id, status, error)
        self.task_id, self.status, self.error = task_id, status, error

    def __str__(self) -> str:
        return f"task {self.task_id} {'has ' if self.status != 'cancelled' else 'was '}{self.status}: {self.error}"


class RetryError(Exception):
    """A task raises it to be run again after ``countdown`` seconds, whatever its own delays are.

    It counts as a failed attempt: after ``max_retries`` executions the task has failed.

    Raises:
        InvalidInput: ``countdown`` is no number of seconds from 0 to a year.
    """

    def __init__(self, countdown: float = 10, message: str | None = None) -> None:
        super().__init__(countdown, message)  # both, so that it survives the pickle of a child process
        if isinstance(countdown, bool) or not isinstance(countdown, int | float) or not 0 <= countdown <= MAX_CAP:
            raise InvalidInput(f"countdown must be a number of seconds from 0 to {MAX_CAP:.0f}, got {countdown!r:.40}")
        self.countdown = countdown
        self.message = message

    @property
    def delay(self) -> timedelta:
        return timedelta(seconds=self.countdown)

    def __str__(self) -> str:
        return self.message or f"Retry in {self.countdown}s"
