"""Numbers over time, as a ``StatisticsStore`` added them up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from taskcore.ports import StatisticsStore
from taskcore.statistics import floor, span_for, steps
from taskcore.ui.models import Point, Series


@dataclass(frozen=True, slots=True)
class StoreSeries:
    """The part for series."""

    store: StatisticsStore

    async def series(
        self, since: datetime, until: datetime, step: timedelta, *, queue: str | None = None, name: str | None = None
    ) -> Series:
        counts = await self.store.timed_counts(span_for(step), floor(since, step), until, queue=queue, name=name)
        return Series(
            step=step,
            points=tuple(
                Point(at=each.at, counts=each.counts, runs=each.runs, waits=each.waits, errors=each.errors)
                for each in steps(counts, since, until, step)
            ),
        )
