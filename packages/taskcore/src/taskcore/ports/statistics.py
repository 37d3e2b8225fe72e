"""What pages draw charts from: counts by minute and hour, added up as they happen. Time, commits and errors: as in
``taskcore.ports.tasks``."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from taskcore.models import TimedCount


@runtime_checkable
class StatisticsStore(Protocol):
    """Counts that any number of processes add to."""

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        """Add each to what is stored for its span, queue, name and word; all in one commit."""
        ...

    async def timed_counts(
        self, span: timedelta, since: datetime, until: datetime, *, queue: str | None = None, name: str | None = None
    ) -> Sequence[TimedCount]:
        """The counts of spans that begin at ``since`` or later and before ``until``; by ``at``, queue, name, word."""
        ...

    async def prune_counts(self, span: timedelta, older_than: timedelta) -> int:
        """Remove the counts of ``span`` that begin longer ago than ``older_than``; answer how many were removed."""
        ...
