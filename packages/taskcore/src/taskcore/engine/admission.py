"""Whether a task that was claimed may begin now."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from taskcore.ids import TaskId
from taskcore.models import TaskError, TaskRecord

PASSED_OVER = 250
"""How many tasks more than it has room for a worker claims at the most, when those it claimed before had to wait."""


class Wait(NamedTuple):
    """A task goes back to the queue until ``delay`` is over; ``reason`` is kept with it meanwhile."""

    delay: timedelta
    reason: TaskError


class Admission(Protocol):
    """Asked about all that a worker claims, before any of it begins."""

    async def waits(self, tasks: Sequence[TaskRecord]) -> Mapping[TaskId, Wait]:
        """Those of ``tasks`` that must wait. All others may begin at once. Never raises."""
        ...
