"""Numbers over time."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field
from taskcore.ui.models import Series


class StatisticsPoint(BaseModel):
    """What happened in one step: how often, by word. ``succeeded``, ``failed`` and ``retried`` are attempts."""

    at: datetime
    counts: dict[str, int]


class StatisticsShown(BaseModel):
    """Steps of equal length, oldest first, without holes; the last one may still grow."""

    step_seconds: int = Field(examples=[60])
    totals: dict[str, int]
    points: list[StatisticsPoint]

    @classmethod
    def of(cls, series: Series) -> Self:
        points = [StatisticsPoint(at=point.at, counts=dict(point.counts)) for point in series.points]
        words = sorted({word for point in points for word in point.counts})
        totals = {word: sum(point.counts.get(word, 0) for point in points) for word in words}
        return cls(step_seconds=int(series.step.total_seconds()), totals=totals, points=points)
