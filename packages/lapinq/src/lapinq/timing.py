"""When a row of a schedule is due, and what becomes of instants that were missed or come too early."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from math import isfinite
from typing import Any, Self, cast

from taskcore.errors import BadSchedule
from taskcore.schedule import Cron, Misfire, Overlap
from taskcore.schedule.cron import Fold, Gap
from taskcore.schedule.misfire import MisfirePolicy

MAX_GRACE = 31_536_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The columns of a row that say when. What each policy does, ``taskcore.schedule`` says.

    Attributes:
        cron: five fields, or a macro such as ``@daily``.
        zone: an IANA name.
        grace: seconds that an instant may be late without being missed.

    Raises:
        BadSchedule: a value is not allowed.
    """

    cron: str
    zone: str = "UTC"
    gap: Gap = "run_after"
    fold: Fold = "first"
    misfire: MisfirePolicy = "coalesce"
    grace: float = 60.0
    overlap: str = "allow"

    def __post_init__(self) -> None:
        for name in ("when", "misfires", "overlaps"):
            getattr(self, name)

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Out of JSON, or a row; other keys are not looked at.

        Raises:
            BadSchedule: a value is not allowed.
        """
        known = {name: found[name] for name in COLUMNS if name in found}
        if not isinstance(known.get("cron"), str):
            raise BadSchedule("cron is required: five fields, as in 0 3 * * *")
        for name, value in known.items():
            if name == "grace":
                known[name] = _seconds(value)
            elif not isinstance(value, str):
                raise BadSchedule(f"{name} must be text, got {value!r:.40}")
        return cls(**known)

    @property
    def when(self) -> Cron:
        """The instants."""
        return Cron(self.cron, self.zone, gap=self.gap, fold=self.fold)

    @property
    def misfires(self) -> Misfire:
        """What becomes of instants that nobody was there to see."""
        return Misfire(grace=timedelta(seconds=self.grace), policy=self.misfire)

    @property
    def overlaps(self) -> Overlap:
        """What to do while the task of an earlier instant is not finished."""
        if self.overlap not in list(Overlap):
            raise BadSchedule(f"overlap must be one of {', '.join(Overlap)}, got {self.overlap!r:.80}")
        return Overlap(self.overlap)

    def columns(self) -> dict[str, Any]:
        """The same as a row has it."""
        return asdict(self)


COLUMNS = tuple(field.name for field in fields(Timing))


def _seconds(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    seconds = float(cast(float, value)) if is_number else -1.0
    if not isfinite(seconds) or not 0 <= seconds <= MAX_GRACE:
        raise BadSchedule(f"grace must be a number of seconds from 0 to {MAX_GRACE:.0f}, got {value!r:.40}")
    return seconds
