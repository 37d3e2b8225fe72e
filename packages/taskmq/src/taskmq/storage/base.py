"""What a place that keeps jobs must do."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from taskmq.job import Job, JobStatus

__all__ = ["Job", "JobStatus", "QueueBackend"]


class QueueBackend(ABC):
    """A place that keeps jobs. ``Worker(backend=...)`` takes any subclass.

    Ids that do not exist are ignored by methods that return None.
    """

    @abstractmethod
    def insert_job(
        self,
        payload: Any,
        retry_policy: str = "exponential",
        scheduled_for: datetime | None = None,
        interval_seconds: int | None = None,
        handler: str | None = None,
        priority: int = 0,
    ) -> int:
        """Store a job, and return its id: 1 for the first one, and never one that was used before."""

    @abstractmethod
    def fetch_job(self, worker_id: str, lock_timeout: int = 30) -> Job | None:
        """Hand out the best due job to this worker alone, for ``lock_timeout`` seconds; None when nothing is due."""

    @abstractmethod
    def update_status(
        self,
        job_id: int,
        status: JobStatus,
        retries: int = 0,
        error_log: str | None = None,
        result: Any = None,
        handler_hash: str | None = None,
    ) -> None:
        """Tell what became of a job."""

    @abstractmethod
    def move_to_dlq(self, job_id: int, error_log: str | None = None) -> None:
        """Make a job dead."""

    @abstractmethod
    def list_dead_jobs(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Dead jobs, newest first."""

    @abstractmethod
    def replay_dead_job(self, job_id: int) -> int | None:
        """Store a dead job anew, take it off the dead list, and return the new id; None when it is not dead."""

    @abstractmethod
    def get_job(self, job_id: int) -> Job | None:
        """The job, or None."""

    @abstractmethod
    def add_log(self, job_id: int, level: str, message: str, handler: str | None = None) -> None:
        """Add a line to a job's log, stamped now."""

    @abstractmethod
    def get_logs(self, job_id: int | None = None, handler: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The newest ``limit`` lines, oldest first, as dicts of job_id, handler, level, message and timestamp."""

    @abstractmethod
    def requeue_expired_locks(self) -> None:
        """Take jobs back from workers whose lock ran out."""

    @abstractmethod
    def reschedule_periodic_jobs(self) -> None:
        """Make periodic jobs that succeeded pending again, for their next instant."""

    @abstractmethod
    def get_queue_depth(self) -> int:
        """How many jobs are pending, later ones included."""

    @abstractmethod
    def check_health(self) -> bool:
        """Whether the place can be reached."""
