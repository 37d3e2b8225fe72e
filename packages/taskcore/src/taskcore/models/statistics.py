"""What happened how often, in a form that many processes can add up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SPANS = (MINUTE, HOUR)
"""Charts of some hours read minutes, those of days read hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCount:
    """``what`` happened ``count`` times in the span that begins at ``at``, to tasks of one queue and one name.

    Attributes:
        at: a whole minute or hour, by ``span``.
        span: one of ``SPANS``.
        what: a word of whoever counts; the store does not look inside.
    """

    at: datetime
    span: timedelta
    queue: str
    name: str
    what: str
    count: int
