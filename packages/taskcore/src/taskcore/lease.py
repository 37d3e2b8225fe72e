"""Leases: who may write to a task, until when, and how that right is proved.

A claim mints an attempt number that is never used again, not even after a replay. Task, attempt and
worker together are the *fence*: every write of a worker carries it and changes nothing once
the attempt is over. A lease that runs out ends the attempt only when somebody takes the task
back, so a worker that renews a moment late keeps its work.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from taskcore.ids import TaskId, WorkerId


class Fence(NamedTuple):
    """The proof that a write belongs to the attempt that is going on."""

    task: TaskId
    attempt: int
    worker: WorkerId


class Renewal(Enum):
    """What a worker learns when it renews."""

    HELD = auto()
    CANCEL = auto()
    """Held, and somebody asked for the task to stop."""
    LOST = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leadership:
    """One holder at a time may act under ``name``; a later holder has a higher ``epoch``."""

    name: str
    holder: str
    epoch: int
    until: datetime
