"""Queues and workers as pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A queue.

    Attributes:
        counts: tasks by phase.
        paused_by, paused_at, reason: as whoever paused it left them; empty where nobody knows.
        concurrency: the most tasks that run at once; None is no limit.
        workers: how many serve it; None where nobody can say.
        command: what to type to start one.
    """

    name: str
    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_due: datetime | None = None
    paused: bool = False
    paused_by: str = ""
    paused_at: datetime | None = None
    reason: str = ""
    concurrency: int | None = None
    workers: int | None = None
    command: str = ""


class Health(StrEnum):
    """How a worker seems: ``STALE`` has been silent too long, ``OFFLINE`` so long that its leases have run out."""

    ONLINE = "online"
    DRAINING = "draining"
    STALE = "stale"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A worker as it last spoke of itself. ``memory`` in bytes."""

    id: str
    host: str = ""
    pid: int | None = None
    version: str = ""
    queues: tuple[str, ...] = ()
    health: Health = Health.ONLINE
    slots: int = 0
    running: int = 0
    tasks: tuple[str, ...] = ()
    processed: int = 0
    failed: int = 0
    memory: int | None = None
    started_at: datetime | None = None
    seen_at: datetime | None = None
    registry: str | None = None
