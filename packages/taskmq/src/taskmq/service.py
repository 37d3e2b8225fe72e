"""The use cases, one method each: what a command line or an API calls after it has read its input, and before it prints.

A ``Service`` speaks to any ``QueueBackend``. What needs more than its thirteen methods (pages, bulk replay) is there on
the backends of this package, and is refused in one sentence on others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from taskcore.errors import TaskcoreError
from taskcore.pagination import Page

from taskmq.storage.base import Job, QueueBackend


class JobNotFound(TaskcoreError, LookupError):
    """No job has this id."""

    code = "not_found"

    def __init__(self, job_id: int, where: str = "the queue") -> None:
        super().__init__(f"job {job_id} not found in {where}")
        self.job_id = job_id


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


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list.

    Attributes:
        state: a word of ``taskmq.vocabulary.STATES`` (pending, scheduled, retrying, running, success, dead, cancelled,
            and failed for the last two); None for all.
        cursor: ``next_cursor`` of the page before.
    """

    state: str | None = None
    handler: str | None = None
    limit: int = 50
    cursor: str | None = None
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a job's history, or of its log."""

    at: str
    """ISO 8601, as it was written."""
    message: str
    level: str = "INFO"
    job_id: int = 0
    handler: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a bulk replay did, or would do. ``jobs`` pairs each dead job with its new id: None in a dry run."""

    jobs: tuple[tuple[Job, int | None], ...]


@dataclass(frozen=True, slots=True)
class HandlerInfo:
    """A handler of this process. ``source_hash`` is None where its source cannot be read."""

    name: str
    function: str
    is_async: bool
    source_hash: str | None
    summary: str


class Service:
    """The use cases of one queue. Every method raises ``StoreUnavailable`` when the queue cannot be reached."""

    def __init__(self, backend: QueueBackend) -> None:
        self._backend = backend

    def add(
        self,
        payload: object,
        *,
        handler: str | None = None,
        priority: int = 0,
        retry_policy: str = "exponential",
        scheduled_for: datetime | None = None,
        interval_seconds: int | None = None,
    ) -> int:
        """Store a job, and return its id. ``payload`` is a JSON value, or text.

        Raises:
            InvalidInput: in one sentence, with nothing stored.
        """
        raise NotImplementedError

    def get(self, job_id: int) -> Job:
        """The job, dead ones included.

        Raises:
            JobNotFound: there is none.
        """
        raise NotImplementedError

    def list(self, wanted: JobFilter) -> Page[Job]:
        """One page of jobs, newest first.

        Raises:
            InvalidInput: an unknown state, or a bad limit. BadCursor: a cursor of another listing.
            NotSupported: the backend has no listing.
        """
        raise NotImplementedError

    def timeline(self, job_id: int) -> Sequence[Entry]:
        """What happened to a job, oldest first, beginning with "Queued"; at most its newest 100 lines after that.

        Raises:
            JobNotFound: there is none.
        """
        raise NotImplementedError

    def logs(self, *, job_id: int | None = None, handler: str | None = None, limit: int = 50) -> Sequence[Entry]:
        """The newest ``limit`` lines of a job, a handler, or both, oldest first."""
        raise NotImplementedError

    def list_dead(self, limit: int = 20, offset: int = 0) -> Sequence[Job]:
        """Dead jobs, newest first."""
        raise NotImplementedError

    def replay(self, job_id: int, *, exact: bool = False) -> int:
        """Store a copy of any job, due now, and return its id; ``exact`` calls ``verify_hash`` first.

        Raises:
            JobNotFound: there is none. NotReplayable: as ``verify_hash``.
        """
        raise NotImplementedError

    def verify_hash(self, job_id: int) -> str:
        """Return the hash of the code that ran the job when this process has the same code.

        Raises:
            JobNotFound: there is none. NoHashStored, HandlerUnknown, HashMismatch: why it cannot be shown to be the same.
        """
        raise NotImplementedError

    def replay_dead(self, job_id: int) -> int:
        """Move a dead job back to the queue under a new id, and return that.

        Raises:
            JobNotFound: no dead job has this id.
        """
        raise NotImplementedError

    def replay_all_dead(self, *, handler: str | None = None, dry_run: bool = False) -> Replayed:
        """Do the same for all dead jobs, or those of a handler, oldest first; with ``dry_run`` only tell which.

        Raises:
            NotSupported: the backend has no bulk replay.
        """
        raise NotImplementedError

    def cancel(self, job_id: int) -> None:
        """Cancel a pending job.

        Raises:
            JobNotFound: there is none. IllegalMove: it is running or over.
        """
        raise NotImplementedError

    def handlers(self) -> Sequence[HandlerInfo]:
        """The handlers that this process has registered, by name."""
        raise NotImplementedError
