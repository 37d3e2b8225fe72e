"""Our fires compared with two others: a slow, obviously correct look at every minute of a year, and cronsim.

The slow one asks the zone database what the wall clock shows at each UTC minute. It shares no code and no idea
with the schedule: it never maps a wall time to an instant.
"""

from __future__ import annotations  # array is generic for type checkers only

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from taskcore.errors import BadSchedule
from taskcore.schedule import Cron
from taskcore.schedule.cron import Fold, Gap

YEARS = [
    pytest.param("UTC", 2024, id="UTC in a leap year"),
    pytest.param("Asia/Kolkata", 2026, id="half an hour off, no summer time"),
    pytest.param("America/New_York", 2026, id="New York"),
    pytest.param("Europe/Rome", 2026, id="Rome"),
    pytest.param("Europe/Dublin", 2026, id="Dublin, where winter is the exception"),
    pytest.param("Africa/Casablanca", 2026, id="Casablanca, where the month of fasting is"),
    pytest.param("Africa/Cairo", 2014, id="Cairo, four changes in one year"),
    pytest.param("Australia/Lord_Howe", 2026, id="Lord Howe, half an hour of summer time"),
    pytest.param("Pacific/Chatham", 2026, id="Chatham, three quarters of an hour off"),
    pytest.param("Antarctica/Troll", 2026, id="Troll, two hours of summer time"),
    pytest.param("America/Sao_Paulo", 2018, id="Sao Paulo, whose gap is at midnight"),
    pytest.param("Pacific/Apia", 2011, id="Apia, which skipped a whole day"),
    pytest.param("Pacific/Kwajalein", 1969, id="Kwajalein, which lived a day twice"),
]
MINUTES_A_DAY = 1440
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def wall_clock(zone: str, year: int) -> tuple[int, array[int]]:
    """The first UTC minute of the year, and what the clock shows at each: minutes since 1970, as if it were UTC."""
    start, end = (int((datetime(y, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) // 60 for y in (year, year + 1))
    info, from_timestamp = ZoneInfo(zone), datetime.fromtimestamp
    midnight = date(1970, 1, 1).toordinal()
    shown = array("q")
    for minute in range(start, end):
        wall = from_timestamp(minute * 60, info)
        shown.append((wall.toordinal() - midnight) * MINUTES_A_DAY + wall.hour * 60 + wall.minute)
    return start, shown


@cache
def clock_changes(zone: str, year: int) -> list[tuple[int, int, int]]:
    """Where the clock does not go on by a minute: the place, what it showed before, and what it shows then."""
    _, shown = wall_clock(zone, year)
    return [(place, a, b) for place, (a, b) in enumerate(pairwise(shown), start=1) if b - a != 1]


@dataclass(frozen=True)
class Spec:
    """An expression with its meaning beside it, made together."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def names(self, wall: int) -> bool:
        day, minute = divmod(wall, MINUTES_A_DAY)
        return minute % 60 in self.minutes and minute // 60 in self.hours and self._names_day(day)

    def _names_day(self, day: int) -> bool:
        on = date(1970, 1, 1) + timedelta(days=day)
        by_number, by_weekday = on.day in self.days, on.isoweekday() % 7 in self.weekdays
        _, _, number, _, weekday = self.text.split()
        restricted = not number.startswith("*") and not weekday.startswith("*")
        return on.month in self.months and ((by_number or by_weekday) if restricted else (by_number and by_weekday))

    @property
    def interval_like(self) -> bool:
        minute, hour, *_ = self.text.split()
        return minute.startswith("*") or hour.startswith("*")

    def named_in(self, shown: array[int]) -> list[int]:
        """The places in ``shown`` that ``names`` holds for; the day is asked once a day."""
        minutes = {hour * 60 + minute for hour in self.hours for minute in self.minutes}
        days = {
            day for day in range(min(shown) // MINUTES_A_DAY, max(shown) // MINUTES_A_DAY + 1) if self._names_day(day)
        }
        return [
            place
            for place, wall in enumerate(shown)
            if wall % MINUTES_A_DAY in minutes and wall // MINUTES_A_DAY in days
        ]


def expected_fires(spec: Spec, zone: str, year: int, gap: Gap, fold: Fold) -> list[int]:
    """The UTC minutes of the year at which the policy fires, found by looking at every one of them."""
    start, shown = wall_clock(zone, year)
    named = spec.named_in(shown)
    if spec.interval_like:
        return [start + place for place in named]
    times_shown: dict[int, list[int]] = defaultdict(list)
    for place in named:
        times_shown[shown[place]].append(start + place)
    chosen = {"first": slice(0, 1), "second": slice(-1, None), "both": slice(None)}[fold]
    fires = {minute for minutes in times_shown.values() for minute in minutes[chosen]}
    if gap == "run_after":
        for place, before, after in clock_changes(zone, year):
            if any(map(spec.names, range(before + 1, after))):
                fires.add(start + place)
    return sorted(fires)


def fires_from(cron: Cron, minute: int) -> Iterator[int]:
    """The schedule's own fires after a UTC minute."""
    instant = cron.next_after(EPOCH + timedelta(minutes=minute))
    while instant is not None:
        assert 0 == instant.second == instant.microsecond
        yield int((instant - EPOCH).total_seconds()) // 60
        instant = cron.next_after(instant)


def moments_to_look_at(zone: str, year: int) -> list[int]:
    """The start of the year, and half a day before each change of the clocks."""
    start, _ = wall_clock(zone, year)
    changes = [start + place for place, _, _ in clock_changes(zone, year)]
    return [start, *(change - 720 for change in changes if change - 720 > start)]


def assert_same(cron: Cron, expected: list[int], zone: str, year: int) -> None:
    """The whole year when fires are few, else long runs of them at every moment that could go wrong."""
    start, shown = wall_clock(zone, year)
    end = start + len(shown) - 2 * MINUTES_A_DAY  # beyond lies the second showing of a fold that the year cuts
    for moment in moments_to_look_at(zone, year):
        ours = [minute for minute in islice(fires_from(cron, moment), 250) if minute < end]
        place = bisect_right(expected, moment)
        theirs = expected[place : min(place + 250, bisect_left(expected, end))]
        assert theirs == ours[: len(theirs)], (cron, EPOCH + timedelta(minutes=moment))
        assert len(theirs) == len(ours)


def a_range(low: int, high: int, step: int) -> tuple[str, set[int]]:
    return f"{low}-{high}" + (f"/{step}" if step > 1 else ""), set(range(low, high + 1, step))


def a_field(first: int, last: int, stars: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field and the numbers it names: a star (more often with ``stars``), numbers, ranges, steps, lists of them."""
    everything = range(first, last + 1)
    number = st.integers(first, last)
    pair = st.lists(number, min_size=2, max_size=2, unique=True).map(sorted)
    item = st.one_of(
        number.map(lambda n: (str(n), {n})),
        st.tuples(pair, st.integers(1, 40)).map(lambda found: a_range(found[0][0], found[0][1], found[1])),
        pair.map(lambda ends: a_range(ends[0], ends[1], 1)),
    )
    star = st.just(("*", set(everything)))
    step = st.integers(1, last).map(lambda n: (f"*/{n}", set(everything[::n])))
    some = st.lists(item, min_size=1, max_size=3).map(
        lambda items: (",".join(text for text, _ in items), set().union(*(numbers for _, numbers in items)))
    )
    return st.one_of(*[star] * stars, step, some, item).map(lambda found: (found[0], frozenset(found[1])))


Field = tuple[str, frozenset[int]]


def a_spec(minute: Field, hour: Field, day: Field, month: Field, weekday: Field) -> Spec:
    text = f"{minute[0]} {hour[0]} {day[0]} {month[0]} {weekday[0]}"
    return Spec(text, minute[1], hour[1], day[1], month[1], frozenset(number % 7 for number in weekday[1]))


NIGHT = st.integers(0, 4).map(lambda n: (str(n), frozenset({n})))  # where clocks change
SPECS = st.builds(
    a_spec,
    a_field(0, 59, 1),
    NIGHT | a_field(0, 23, 1),
    a_field(1, 31, 4),
    a_field(1, 12, 6),
    a_field(0, 7, 4),
)
GAPS = st.sampled_from(["run_after", "skip"])
FOLDS = st.sampled_from(["first", "second", "both"])


@pytest.mark.parametrize(("zone", "year"), YEARS)
@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(spec=SPECS, gap=GAPS, fold=FOLDS)
def test_fires_are_those_of_a_look_at_every_minute(zone: str, year: int, spec: Spec, gap: Gap, fold: Fold) -> None:
    expected = expected_fires(spec, zone, year, gap, fold)

    try:
        cron = Cron(spec.text, zone, gap=gap, fold=fold)
    except BadSchedule:  # the 31st of some 30-day months
        assert [] == expected
    else:
        assert_same(cron, expected, zone, year)


@pytest.mark.parametrize(("zone", "year"), YEARS)
@pytest.mark.parametrize(
    ("minute", "hour", "gap", "fold"),
    [
        pytest.param(("*/30", range(0, 60, 30)), ("*", range(24)), "skip", "first", id="every half hour"),
        pytest.param(
            ("15", [15]), ("*/2", range(0, 24, 2)), "run_after", "second", id="every two hours in the second of two"
        ),
        pytest.param(("0,30", [0, 30]), ("0-3", range(4)), "run_after", "both", id="several at night in both"),
        pytest.param(("0,30", [0, 30]), ("0-3", range(4)), "skip", "first", id="several at night skipping the gap"),
        pytest.param(("15", [15]), ("2", [2]), "run_after", "second", id="nightly in the second of two"),
        pytest.param(("0", [0]), ("12", [12]), "run_after", "first", id="daily at noon"),
    ],
)
def test_plain_jobs_keep_the_policy_all_year(
    zone: str, year: int, minute: tuple[str, list[int]], hour: tuple[str, list[int]], gap: Gap, fold: Fold
) -> None:
    text = f"{minute[0]} {hour[0]} * * *"
    every = (frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7)))
    spec = Spec(text, frozenset(minute[1]), frozenset(hour[1]), *every)

    expected = expected_fires(spec, zone, year, gap, fold)

    assert_same(Cron(text, zone, gap=gap, fold=fold), expected, zone, year)


CRONSIM_ZONES = ["UTC", "America/New_York", "Europe/Rome", "Asia/Kolkata", "Africa/Casablanca"]
DIALECT_DAYS = st.sampled_from(["L", "LW", "1,L", "*/3", "13", "28-31", "*"])
DIALECT_WEEKDAYS = st.sampled_from(["5L", "2#1", "2#1,4", "MON#5", "SUN", "1-5", "*/2", "7", "*", "FRI,SAT"])


@pytest.mark.parametrize("zone", CRONSIM_ZONES)
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
@given(
    minute=a_field(0, 59, 0),
    hour=NIGHT | a_field(0, 23, 0),
    day=DIALECT_DAYS,
    month=st.sampled_from(["*", "*", "FEB", "1-6/2", "3,10", "MAR-NOV"]),
    weekday=DIALECT_WEEKDAYS,
    seed=st.integers(0, 365),
)
def test_fires_are_those_of_cronsim(
    zone: str,
    minute: tuple[str, object],
    hour: tuple[str, object],
    day: str,
    month: str,
    weekday: str,
    seed: int,
) -> None:
    text = f"{minute[0]} {hour[0]} {day} {month} {weekday}"
    start = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=seed)
    theirs = [fire.astimezone(UTC) for fire in islice(CronSim(text, start.astimezone(ZoneInfo(zone))), 60)]
    cron, instant, ours = Cron(text, zone), start, []

    for _ in theirs:
        instant = cron.next_after(instant) or instant
        ours.append(instant)

    assert theirs == ours
