"""What processes count, in words that a ``StatisticsStore`` keeps, and what charts make of it again.

Durations are counted in buckets, so that the counts of many processes add up and quantiles can still be told: the word
``run<=0.5`` is a handler that ran for 0.25 to 0.5 seconds, ``wait>3600`` a task that waited for more than an hour.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from taskcore.errors import InvalidInput
from taskcore.models import HOUR, MINUTE, TimedCount

BOUNDS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    1800.0,
    3600.0,
)
"""Upper bounds of the buckets in seconds; one more bucket holds what is longer."""

PUT, SUCCEEDED, FAILED, RETRIED = "put", "succeeded", "failed", "retried"
CANCELLED, EXPIRED, LOST, RELEASED = "cancelled", "expired", "lost", "released"
WORDS = (PUT, SUCCEEDED, FAILED, RETRIED, CANCELLED, EXPIRED, LOST, RELEASED)
"""``lost`` is an attempt whose worker vanished; ``released`` one that a worker gave back when it stopped. One handling
of a task may end in several attempts, and counts once for each."""

OTHER = "other"
"""The name under which names are counted that are too many to tell apart."""

MAX_POINTS = 2_000


def _words(kind: str) -> tuple[str, ...]:
    return (*(f"{kind}<={bound:g}" for bound in BOUNDS), f"{kind}>{BOUNDS[-1]:g}")


RUN_WORDS, WAIT_WORDS = _words("run"), _words("wait")
"""The word of each bucket, in their order: ``RUN_WORDS[bisect_left(BOUNDS, seconds)]``."""
RUN_TIME, WAIT_TIME = "run_us", "wait_us"
"""Words that count microseconds: how long all handlers ran together, and all tasks waited."""


class Names:
    """Tells at most ``limit`` names apart; later ones are ``OTHER``, or one process could fill a store with names."""

    def __init__(self, limit: int = 500) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        if name in self._known:
            return name
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(name)
        return name


def floor(at: datetime, step: timedelta) -> datetime:
    """The last whole ``step`` since 1970 at or before ``at``."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % step


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happened from ``at`` until the next step.

    Attributes:
        counts: how often, by one of ``WORDS``; words that did not happen are absent.
        runs, waits: how many handlers ran, or tasks waited, for at most each of ``BOUNDS``, and behind these how many
            in all; empty when none did.
        errors: attempts that failed, by task name.
    """

    at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    runs: tuple[int, ...] = ()
    waits: tuple[int, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)


def span_for(step: timedelta) -> timedelta:
    """The span whose counts a chart with this step is made of."""
    return HOUR if step % HOUR == timedelta(0) else MINUTE


def steps(counts: Iterable[TimedCount], since: datetime, until: datetime, step: timedelta) -> Sequence[Step]:
    """One ``Step`` for each ``step`` between ``since`` and ``until``, oldest first, without holes.

    ``counts`` are those of ``span_for(step)`` that begin at ``floor(since, step)`` or later; others are left out.

    Raises:
        InvalidInput: ``step`` is no whole number of minutes, or there would be more than ``MAX_POINTS``.
    """
    if step < MINUTE or step % MINUTE:
        raise InvalidInput(f"step must be a whole number of minutes, got {step}")
    starts = list(_starts(floor(since, step), until, step))
    gathered: dict[datetime, list[TimedCount]] = defaultdict(list)
    for count in counts:
        gathered[floor(count.at, step)].append(count)
    return [_summed(at, gathered.get(at, ())) for at in starts]


def _starts(first: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    if (until - first) / step > MAX_POINTS:
        raise InvalidInput(f"expected at most {MAX_POINTS:,} steps of {step}; choose a longer step or a shorter range")
    at = first
    while at < until:
        yield at
        at += step


def _summed(at: datetime, counts: Iterable[TimedCount]) -> Step:
    words, errors = Counter[str](), Counter[str]()
    for each in counts:
        words[each.what] += each.count
        if each.what in (FAILED, RETRIED):
            errors[each.name] += each.count
    return Step(
        at=at,
        counts={word: words[word] for word in WORDS if word in words},
        runs=_cumulative(words, RUN_WORDS),
        waits=_cumulative(words, WAIT_WORDS),
        errors=dict(errors.most_common()),
    )


def _cumulative(words: Mapping[str, int], kind: Sequence[str]) -> tuple[int, ...]:
    sums = tuple(accumulate(words.get(word, 0) for word in kind))
    return sums if sums[-1] else ()


def add_up(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """The ``runs`` or ``waits`` of several steps as one."""
    filled = [row for row in rows if row]
    return tuple(map(sum, zip(*filled, strict=True)))


def quantile(cumulative: Sequence[int], part: float) -> float | None:
    """An estimate of the duration that ``part`` (0 to 1) of ``runs`` or ``waits`` do not exceed; None when there are
    none.

    Exact to the bounds of a bucket, and a straight line between them. What is longer than the last bound is taken for
    that bound.
    """
    if not cumulative or not cumulative[-1]:
        return None
    rank = part * cumulative[-1]
    place = next(place for place, count in enumerate(cumulative) if count >= rank and count)
    if place == len(BOUNDS):
        return BOUNDS[-1]
    lower, below = (BOUNDS[place - 1], cumulative[place - 1]) if place else (0.0, 0)
    inside = cumulative[place] - below
    return lower + (BOUNDS[place] - lower) * ((rank - below) / inside if inside else 1.0)


def rate(count: int, over: timedelta) -> float:
    """How often a second."""
    return count / over.total_seconds()


def success_rate(counts: Mapping[str, int]) -> float | None:
    """The part of tasks that came to an end by themselves and succeeded; None when none did."""
    ended = counts.get(SUCCEEDED, 0) + counts.get(FAILED, 0)
    return counts.get(SUCCEEDED, 0) / ended if ended else None
