"""Cron, case by case: the nights when clocks change, the dialect, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from taskcore.errors import NaiveTime
from taskcore.schedule import Cron, schedule_from_dict
from taskcore.schedule.cron import Fold, Gap
from taskcore.schedule.notation import SecondsField


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fires(cron: Cron, after: str, count: int) -> list[datetime]:
    found, instant = [], at(after)
    for _ in range(count):
        following = cron.next_after(instant)
        assert following is not None
        assert UTC is following.tzinfo
        found.append(instant := following)
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "gap", "after", "expected"),
    [
        pytest.param(
            "30 2 * * *",
            "Europe/Rome",
            "run_after",
            "2026-03-28T12:00+01:00",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
            id="a skipped hour runs when it is over",
        ),
        pytest.param(
            "30 2 * * *",
            "Europe/Rome",
            "skip",
            "2026-03-28T12:00+01:00",
            ["2026-03-30T02:30+02:00"],
            id="a skipped hour waits a day",
        ),
        pytest.param(
            "0,30 2 * * *",
            "Europe/Rome",
            "run_after",
            "2026-03-29T00:00+01:00",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
            id="two skipped times run once",
        ),
        pytest.param(
            "0 2,3 * * *",
            "Europe/Rome",
            "run_after",
            "2026-03-29T00:00+01:00",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
            id="a skipped time that meets the next one runs once",
        ),
        pytest.param(
            "0 0 * * *",
            "America/Sao_Paulo",
            "run_after",
            "2018-11-03T12:00-03:00",
            ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
            id="midnight itself is skipped",
        ),
        pytest.param(
            "15 2 * * *",
            "Australia/Lord_Howe",
            "run_after",
            "2026-10-03T12:00+10:30",
            ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
            id="half an hour is skipped",
        ),
        pytest.param(
            "0 12 * * *",
            "Pacific/Apia",
            "run_after",
            "2011-12-29T13:00-10:00",
            ["2011-12-31T00:00+14:00", "2011-12-31T12:00+14:00"],
            id="a whole day is skipped",
        ),
        pytest.param(
            "30 2 * 3 L0",
            "Europe/Rome",
            "run_after",
            "2026-01-01T00:00+01:00",
            ["2026-03-29T03:00+02:00", "2027-03-28T03:00+02:00"],
            id="a job for the night of the change runs after the gap",
        ),
        pytest.param(
            "*/30 * * * *",
            "Europe/Rome",
            "run_after",
            "2026-03-29T01:00+01:00",
            ["2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"],
            id="every half hour goes on through the gap",
        ),
        pytest.param(
            "30 */2 * * *",
            "Europe/Rome",
            "run_after",
            "2026-03-29T00:00+01:00",
            ["2026-03-29T00:30+01:00", "2026-03-29T04:30+02:00"],
            id="every two hours has no turn in the gap",
        ),
    ],
)
def test_when_the_clocks_go_forward(expression: str, zone: str, gap: Gap, after: str, expected: list[str]) -> None:
    cron = Cron(expression, zone, gap=gap)

    assert [at(text) for text in expected] == fires(cron, after, len(expected))


@pytest.mark.parametrize(
    ("expression", "zone", "fold", "after", "expected"),
    [
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "first",
            "2026-11-01T00:00-04:00",
            ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
            id="once, the first time",
        ),
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "second",
            "2026-11-01T00:00-04:00",
            ["2026-11-01T01:30-05:00", "2026-11-02T01:30-05:00"],
            id="once, the second time",
        ),
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "both",
            "2026-11-01T00:00-04:00",
            ["2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00", "2026-11-02T01:30-05:00"],
            id="both times",
        ),
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "first",
            "2026-11-01T01:10-05:00",
            ["2026-11-02T01:30-05:00"],
            id="asked between the two, the first is over",
        ),
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "second",
            "2026-11-01T01:50-04:00",
            ["2026-11-01T01:30-05:00"],
            id="asked between the two, the second is to come",
        ),
        pytest.param(
            "0,30 1 * * *",
            "America/New_York",
            "both",
            "2026-11-01T00:00-04:00",
            [
                "2026-11-01T01:00-04:00",
                "2026-11-01T01:30-04:00",
                "2026-11-01T01:00-05:00",
                "2026-11-01T01:30-05:00",
            ],
            id="two times come in the order of the hours lived",
        ),
        pytest.param(
            "45 1 * * *",
            "Australia/Lord_Howe",
            "second",
            "2026-04-04T12:00+11:00",
            ["2026-04-05T01:45+10:30", "2026-04-06T01:45+10:30"],
            id="half an hour is lived twice",
        ),
        pytest.param(
            "*/30 * * * *",
            "America/New_York",
            "first",
            "2026-11-01T00:45-04:00",
            [
                "2026-11-01T01:00-04:00",
                "2026-11-01T01:30-04:00",
                "2026-11-01T01:00-05:00",
                "2026-11-01T01:30-05:00",
                "2026-11-01T02:00-05:00",
            ],
            id="every half hour follows elapsed time",
        ),
        pytest.param(
            "0/30 1 * * *",
            "America/New_York",
            "first",
            "2026-11-01T00:45-04:00",
            ["2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00", "2026-11-01T01:00-05:00"],
            id="an open step is interval-like too",
        ),
        pytest.param(
            "0-59/30 1 * * *",
            "America/New_York",
            "first",
            "2026-11-01T00:45-04:00",
            ["2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00", "2026-11-02T01:00-05:00"],
            id="a closed range is fixed-time",
        ),
    ],
)
def test_when_the_clocks_go_back(expression: str, zone: str, fold: Fold, after: str, expected: list[str]) -> None:
    cron = Cron(expression, zone, fold=fold)

    assert [at(text) for text in expected] == fires(cron, after, len(expected))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("0 0 13 * 5", ["2026-01-02", "2026-01-09", "2026-01-13"], id="day or weekday is enough"),
        pytest.param(
            "0 0 */2 * 1", ["2026-01-05", "2026-01-19", "2026-02-09"], id="a star before a step does not restrict"
        ),
        pytest.param("0 0 ? * MON", ["2026-01-05", "2026-01-12"], id="a question mark is a star"),
        pytest.param("0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"], id="the last day"),
        pytest.param("0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31"], id="the last working day"),
        pytest.param(
            "0 0 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16"], id="the working day nearest to the 15th"
        ),
        pytest.param("0 0 1W * *", ["2026-01-01", "2026-02-02", "2026-03-02"], id="nearest stays within the month"),
        pytest.param("0 0 * * 5L", ["2026-01-30", "2026-02-27"], id="the last Friday"),
        pytest.param("0 0 * * L7", ["2026-01-25", "2026-02-22"], id="the last Sunday, the other way round"),
        pytest.param("0 0 * * TUE#2", ["2026-01-13", "2026-02-10"], id="the second Tuesday"),
        pytest.param("0 0 * * 1#5", ["2026-03-30", "2026-06-29"], id="the fifth Monday, when there is one"),
        pytest.param(
            "0 0 * * 2#1,4", ["2026-01-01", "2026-01-06", "2026-01-08"], id="a numbered weekday beside a plain one"
        ),
        pytest.param("0 0 13 * 5#2", ["2026-01-09", "2026-01-13", "2026-02-13"], id="a numbered weekday or a day"),
        pytest.param(
            "0 0 * * FRI-MON",
            ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-09"],
            id="around the weekend",
        ),
        pytest.param("0 0 * * 5-7", ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-09"], id="Sunday is 7"),
        pytest.param("0 0 * * 0-7", ["2026-01-01", "2026-01-02"], id="all week long"),
        pytest.param(
            "0 0 1 nov-feb *", ["2026-01-01", "2026-02-01", "2026-11-01", "2026-12-01"], id="around the new year"
        ),
        pytest.param("0 0 29 2 *", ["2028-02-29", "2032-02-29"], id="leap days"),
        pytest.param("0 0 29 2 */7", ["2032-02-29", "2060-02-29"], id="leap days that are Sundays"),
        pytest.param("0 0 31 4,5 *", ["2026-05-31", "2027-05-31"], id="a day that one of the months lacks"),
        pytest.param("@yearly", ["2026-01-01", "2027-01-01"], id="yearly"),
        pytest.param("@Weekly", ["2026-01-04", "2026-01-11"], id="weekly"),
        pytest.param("@monthly", ["2026-01-01", "2026-02-01"], id="monthly"),
    ],
)
def test_the_days_that_are_named(expression: str, expected: list[str]) -> None:
    found = fires(Cron(expression), "2025-12-31T12:00+00:00", len(expected))

    assert expected == [f"{fire:%Y-%m-%d}" for fire in found]


@pytest.mark.parametrize(
    ("expression", "seconds", "expected"),
    [
        pytest.param("@hourly", None, ["01:00:00", "02:00:00"], id="hourly"),
        pytest.param("5-5 * * * *", None, ["00:05:00", "01:05:00"], id="from five to five is five"),
        pytest.param(
            "50/5 * * * *", None, ["00:50:00", "00:55:00", "01:50:00"], id="an open step begins where it says"
        ),
        pytest.param("0 23-5/3 * * *", None, ["02:00:00", "05:00:00", "23:00:00"], id="steps count on around midnight"),
        pytest.param("0 9-17/4 * * *", None, ["09:00:00", "13:00:00", "17:00:00"], id="a stepped range"),
        pytest.param("1,3,2,3 0 * * *", None, ["00:01:00", "00:02:00", "00:03:00"], id="a list in any order"),
        pytest.param(" 5\t*   * * * ", None, ["00:05:00"], id="any blanks between fields"),
        pytest.param("*/20 59 * * * *", "first", ["00:59:00", "00:59:20", "00:59:40", "01:59:00"], id="seconds first"),
        pytest.param("59 * * * * */20", "last", ["00:59:00", "00:59:20", "00:59:40", "01:59:00"], id="seconds last"),
        pytest.param("@hourly", "first", ["01:00:00"], id="a macro has no seconds field to place"),
    ],
)
def test_the_times_that_are_named(expression: str, seconds: SecondsField, expected: list[str]) -> None:
    cron = Cron(expression, seconds=seconds)

    assert expected == [f"{fire:%H:%M:%S}" for fire in fires(cron, "2026-01-01T00:00:10+00:00", len(expected))]


def test_the_answer_is_strictly_later_and_at_a_whole_second() -> None:
    cron = Cron("0 12 * * *")
    noon = at("2026-01-01T12:00+00:00")

    assert noon + timedelta(days=1) == cron.next_after(noon)
    assert noon == cron.next_after(noon - timedelta.resolution)


def test_any_zone_may_be_asked_in_and_utc_is_answered() -> None:
    found = Cron("0 12 * * *").next_after(at("2026-01-01T20:00+09:00"))

    assert at("2026-01-01T12:00+00:00") == found
    assert found is not None
    assert UTC is found.tzinfo


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(NaiveTime):
        Cron("* * * * *").next_after(at("2026-01-01T00:00:00"))


def test_a_job_that_is_always_in_the_gap_and_skips_it_never_runs() -> None:
    cron = Cron("30 2 * 3 L0", "Europe/Rome", gap="skip")

    assert cron.next_after(at("2026-01-01T00:00+00:00")) is None


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_calendar_ends_without_an_error(zone: str) -> None:
    cron = Cron("0 0 1 1 *", zone)

    assert cron.next_after(at("9999-12-31T22:00+00:00")) is None


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["0 0 29 2 *", "*/7 3-5 * * MON", "0 2 L * *", "30 1 1,15 * 5#1"]),
    st.sampled_from(["Europe/Rome", "America/New_York", "Australia/Lord_Howe"]),
    st.datetimes(datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2400-01-01"), timezones=st.just(UTC)),
)
def test_fires_ascend_and_the_first_is_the_same_from_any_moment_before_it(
    expression: str, zone: str, instant: datetime
) -> None:
    cron = Cron(expression, zone)

    found = fires(cron, instant.isoformat(), 5)

    assert all(a < b for a, b in pairwise([instant, *found]))
    assert found[0] == cron.next_after(found[0] - timedelta.resolution)


@pytest.mark.parametrize(
    "cron",
    [
        Cron("*/5 * * * *"),
        Cron("0 30 2 * * *", "Europe/Rome", gap="skip", fold="both", seconds="first"),
    ],
)
def test_a_schedule_survives_storage(cron: Cron) -> None:
    assert cron == schedule_from_dict(json.loads(json.dumps(cron.to_dict())))
