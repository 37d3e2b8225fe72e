"""What operators set for a queue as a whole."""

from dataclasses import dataclass

from taskcore.models.task import check_limit, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueControl:
    """How a queue is held back.

    Attributes:
        paused: none of its tasks is handed out.
        concurrency: at most so many of its tasks are RUNNING; None is no limit.

    Raises:
        InvalidInput: the queue is no name, or the limit no number of slots.
    """

    queue: str
    paused: bool = False
    concurrency: int | None = None

    def __post_init__(self) -> None:
        check_name("queue", self.queue)
        if self.concurrency is not None:
            check_limit("concurrency", self.concurrency)
