"""Every due instant is accounted for exactly once, whoever was away for however long."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from taskcore.errors import BadSchedule, NaiveTime
from taskcore.schedule import Cron, Every, Fire, Misfire, Once, Outcome, Schedule, due_fires
from taskcore.schedule.misfire import MAX_COUNT, MAX_RUNS, MisfirePolicy

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOURLY = Every(timedelta(hours=1), NOON - timedelta(days=1))
MINUTELY = Cron("* * * * *")


def h(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def fired(*hours: float) -> list[Fire]:
    return [Fire(h(hour), h(hour)) for hour in hours]


def skipped(first: float, last: float, count: int, reason: str) -> Fire:
    return Fire(h(first), h(last), Outcome.SKIPPED, reason, count)


@pytest.mark.parametrize(
    ("policy", "since", "now", "expected"),
    [
        pytest.param("coalesce", 0, 0.5, [], id="nothing is due"),
        pytest.param("coalesce", 0, -1, [], id="the clock went back"),
        pytest.param("coalesce", 0, 1.01, fired(1), id="seen in time"),
        pytest.param("coalesce", 0, 1.5, fired(1), id="one that is late still runs once"),
        pytest.param(
            "coalesce",
            0,
            3.5,
            [skipped(1, 2, 2, "misfire=coalesce"), *fired(3)],
            id="one run stands for three late ones",
        ),
        pytest.param(
            "coalesce",
            0,
            3,
            [skipped(1, 2, 2, "misfire=coalesce"), *fired(3)],
            id="a punctual one stands for late ones",
        ),
        pytest.param("all", 0, 3.5, fired(1, 2, 3), id="all run"),
        pytest.param("skip", 0, 3.5, [skipped(1, 3, 3, "misfire=skip")], id="none runs"),
        pytest.param("skip", 0, 3, [skipped(1, 2, 2, "misfire=skip"), *fired(3)], id="only the punctual one runs"),
        pytest.param("skip", 0, 1 + 60 / 3600, fired(1), id="at the end of the grace it is in time"),
        pytest.param("skip", 0, 1 + 61 / 3600, [skipped(1, 1, 1, "misfire=skip")], id="a second later it is not"),
    ],
)
def test_what_becomes_of_the_due_instants(
    policy: MisfirePolicy, since: float, now: float, expected: list[Fire]
) -> None:
    assert expected == due_fires(HOURLY, h(since), h(now), Misfire(policy=policy))


def test_a_wide_grace_lets_all_run_under_any_policy() -> None:
    for policy in ("coalesce", "all", "skip"):
        assert fired(1, 2, 3) == due_fires(HOURLY, h(0), h(3), Misfire(timedelta(hours=4), policy))


def test_once_is_due_once() -> None:
    once = Once(NOON)

    assert fired(0) == due_fires(once, h(-1), h(0), Misfire())
    assert [] == due_fires(once, h(0), h(1), Misfire())


def test_a_backlog_of_ten_years_is_two_entries() -> None:
    since, now = NOON - timedelta(days=3650), NOON + timedelta(minutes=30)

    stretch, run = due_fires(Every(timedelta(milliseconds=7), since), since, now, Misfire(policy="coalesce"))

    assert MAX_COUNT == stretch.count
    assert since + timedelta(milliseconds=7) == stretch.instant
    assert timedelta(milliseconds=7) == run.instant - stretch.last
    assert timedelta(0) <= now - run.instant < timedelta(milliseconds=7)


def test_of_a_long_backlog_only_the_newest_run_under_all() -> None:
    now = NOON + timedelta(seconds=90)

    stretch, *runs = due_fires(MINUTELY, NOON - timedelta(days=30), now, Misfire(policy="all"))

    assert (Outcome.SKIPPED, "misfire=limit", MAX_COUNT) == (stretch.outcome, stretch.reason, stretch.count)
    assert MAX_RUNS + 1 == len(runs)
    assert {Outcome.FIRED} == {run.outcome for run in runs}
    assert {timedelta(minutes=1)} == {b.instant - a.instant for a, b in pairwise(runs)}
    assert timedelta(minutes=1) == runs[0].instant - stretch.last
    assert NOON + timedelta(minutes=1) == runs[-1].instant


SCHEDULES: st.SearchStrategy[Schedule] = st.one_of(
    st.builds(Every, st.timedeltas(timedelta(minutes=1), timedelta(hours=3)), st.just(NOON - timedelta(days=1))),
    st.sampled_from(["*/7 * * * *", "0 * * * *", "30 2 * * *", "0,59 1-3 * * *"]).flatmap(
        lambda text: st.sampled_from(["UTC", "Europe/Rome"]).map(lambda zone: Cron(text, zone))
    ),
    st.just(Once(NOON)),
)
MOMENTS = st.datetimes(
    datetime.fromisoformat("2026-03-27T00:00"), datetime.fromisoformat("2026-03-31T00:00"), timezones=st.just(UTC)
)


@settings(deadline=None)
@given(
    SCHEDULES,
    MOMENTS,
    MOMENTS,
    st.timedeltas(timedelta(0), timedelta(hours=5)),
    st.sampled_from(get_args(MisfirePolicy)),
)
def test_every_due_instant_is_accounted_for_exactly_once(
    schedule: Schedule, since: datetime, now: datetime, grace: timedelta, policy: MisfirePolicy
) -> None:
    due, instant = [], schedule.next_after(since)
    while instant is not None and instant <= now:
        due.append(instant)
        instant = schedule.next_after(instant)

    entries = due_fires(schedule, since, now, Misfire(grace, policy))

    covered = [instant for entry in entries for instant in due if entry.instant <= instant <= entry.last]
    assert due == covered
    assert len(due) == sum(entry.count for entry in entries)
    assert all(entry.instant in due and entry.last in due for entry in entries)
    assert all((entry.outcome is Outcome.SKIPPED) == (entry.reason is not None) for entry in entries)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_two_looks_account_for_the_same_instants_as_one(a: datetime, b: datetime, c: datetime) -> None:
    first, middle, last = sorted([a, b, c])
    schedule, misfire = Cron("*/20 * * * *", "Europe/Rome"), Misfire(policy="all")

    once = due_fires(schedule, first, last, misfire)
    twice = due_fires(schedule, first, middle, misfire) + due_fires(schedule, middle, last, misfire)

    assert once == twice


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"grace": timedelta(seconds=-1)}, "grace must be a timedelta from zero", id="a negative grace"),
        pytest.param({"grace": timedelta.max}, "grace must be a timedelta from zero", id="a grace beyond the calendar"),
        pytest.param({"grace": 60}, "grace must be a timedelta", id="a bare number"),
        pytest.param({"policy": "panic"}, "'coalesce', 'all' or 'skip', got 'panic'", id="an unknown policy"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadSchedule, match=sentence):
        Misfire(**fields)  # type: ignore[arg-type]


def test_naive_times_are_refused() -> None:
    with pytest.raises(NaiveTime, match="since"):
        due_fires(HOURLY, datetime.fromisoformat("2026-01-01T00:00:00"), NOON, Misfire())
