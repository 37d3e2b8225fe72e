"""Queues and workers."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field, StrictInt
from taskcore.ui.models.queues import WorkerRow

from taskmq.queues import Queue


class QueueShown(BaseModel):
    """A queue. ``counts`` are jobs by state; ``limit`` is how many run at once, null for no limit."""

    name: str
    counts: dict[str, int]
    oldest_due: datetime | None
    paused: bool
    limit: int | None
    workers: int | None

    @classmethod
    def of(cls, queue: Queue) -> Self:
        return cls(**{name: getattr(queue, name) for name in cls.model_fields})


class Limit(BaseModel):
    """How many jobs of a queue may run at the same time; null lifts the limit."""

    limit: StrictInt | None = Field(ge=1, le=1_000_000)


class WorkerShown(BaseModel):
    """A worker, as it last spoke of itself. ``health`` is online, draining, stale or offline; ``memory`` is bytes."""

    id: str
    host: str
    pid: int | None
    version: str
    queues: list[str]
    health: str
    slots: int
    running: int
    jobs: list[int]
    processed: int
    failed: int
    memory: int | None
    started_at: datetime | None
    seen_at: datetime | None

    @classmethod
    def of(cls, row: WorkerRow) -> Self:
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "jobs"}
        return cls(**fields, jobs=[int(task) for task in row.tasks])
