"""What can be chosen of a worker."""

from dataclasses import dataclass
from datetime import timedelta

from taskcore.errors import InvalidInput
from taskcore.models.task import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker behaves.

    Attributes:
        concurrency: handlers at the same time.
        prefetch: tasks claimed beyond that, at the most; how many, their durations decide.
        lease: how long a claim holds without a sign of life.
        most: it stops when so many tasks that it claimed are over; None is no limit.
        poll: how often to look for work where the store does not tell.
        grace: how long handlers may go on after ``stop``.
        stop_grace: how long a handler may take to react to being stopped.
    """

    queues: tuple[str, ...] = ("default",)
    concurrency: int = 10
    prefetch: int = 2000
    most: int | None = None
    lease: timedelta = timedelta(seconds=30)
    poll: timedelta = timedelta(seconds=1)
    grace: timedelta = timedelta(seconds=30)
    stop_grace: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        if self.concurrency < 1 or self.prefetch < 0 or not self.queues:
            raise InvalidInput(
                "a worker needs a queue, concurrency of 1 or more and prefetch of 0 or more, got "
                f"queues={self.queues!r}, concurrency={self.concurrency}, prefetch={self.prefetch}"
            )
        for queue in self.queues:
            check_name("queue", queue)
        if self.most is not None and self.most < 1:
            raise InvalidInput(f"most must be 1 or more tasks, or None, got {self.most}")
        if self.lease < timedelta(milliseconds=100):
            raise InvalidInput(f"lease must be 0.1 s or longer, got {self.lease}")
        if min(self.poll, self.grace, self.stop_grace) < timedelta(0):
            raise InvalidInput(
                "poll, grace and stop_grace must not be negative, got "
                f"{self.poll.total_seconds()}, {self.grace.total_seconds()} and {self.stop_grace.total_seconds()} s"
            )
