"""What is refused as a cron expression, and in which words."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import BadSchedule
from taskcore.schedule import Cron
from taskcore.schedule.cron import MAX_LENGTH


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        pytest.param("", "must have 5 fields", id="nothing"),
        pytest.param("* * * *", "must have 5 fields.*it has 4", id="four fields"),
        pytest.param("* * * * * *", "must have 5 fields.*it has 6", id="seconds that nobody announced"),
        pytest.param("61 * * * *", "'61' is no minute; expected 0-59", id="a minute beyond the hour"),
        pytest.param("* 24 * * *", "'24' is no hour", id="an hour beyond the day"),
        pytest.param("0 0 0 * *", "'0' is no day of month", id="a day before the first"),
        pytest.param("0 0 0-5 * *", "'0-5' is no day of month", id="a range that begins before the first"),
        pytest.param("0 0 * 13 *", "'13' is no month", id="a thirteenth month"),
        pytest.param("0 0 * * 8", "'8' is no day of week", id="an eighth weekday"),
        pytest.param("0 0 * * MON#6", "'mon#6' is no day of week", id="a sixth Monday"),
        pytest.param("0 0 * january *", "'january' is no month", id="a name that is too long"),
        pytest.param("*/0 * * * *", r"'\*/0' is no minute", id="a step of zero"),
        pytest.param("1-5/0 * * * *", "'1-5/0' is no minute", id="a range with a step of zero"),
        pytest.param("-1 * * * *", "'-1' is no minute", id="a negative number"),
        pytest.param("1,,2 * * * *", "'' is no minute", id="a gap in a list"),
        pytest.param("1.5 * * * *", "'1.5' is no minute", id="a fraction"),
        pytest.param("\u0661 * * * *", "is no minute", id="digits of another script"),
        pytest.param("R * * * *", "'r' is no minute", id="a random minute"),
        pytest.param("H * * * *", "'h' is no minute", id="a hashed minute"),
        pytest.param("? * * * *", r"'\?' is no minute", id="a question mark outside of the day fields"),
        pytest.param("* * L-3 * *", "'l-3' is no day of month", id="days before the last"),
        pytest.param("0 0 30 2 *", "names no date that exists", id="the thirtieth of February"),
        pytest.param("0 0 31 4,6,9,11 *", "names no date that exists", id="the 31st of short months"),
        pytest.param("@reboot", "macro '@reboot' is unknown; known are @yearly", id="a macro without a time"),
        pytest.param("5\n6 * * * *", "is no minute", id="a line break inside a field"),
        pytest.param("0" * 501, "up to 500 characters", id="an endless expression"),
    ],
)
def test_a_bad_expression_is_quoted_with_what_is_wrong(expression: str, sentence: str) -> None:
    with pytest.raises(BadSchedule, match=sentence):
        Cron(expression)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"zone": "Mars/Olympus"}, "time zone 'Mars/Olympus' is unknown", id="a zone elsewhere"),
        pytest.param({"zone": ""}, "time zone '' is unknown", id="no zone"),
        pytest.param({"zone": "../../etc/passwd"}, "is unknown", id="a path as a zone"),
        pytest.param({"zone": "America"}, "is unknown", id="a folder of zones"),
        pytest.param({"zone": "UTC\0"}, "is unknown", id="a NUL in a zone"),
        pytest.param({"gap": "later"}, "gap must be one of 'run_after', 'skip', got 'later'", id="an unknown gap"),
        pytest.param({"fold": "never"}, "fold must be one of", id="an unknown fold"),
        pytest.param({"seconds": True}, "seconds must be one of", id="seconds without a place"),
    ],
)
def test_a_bad_setting_is_named(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadSchedule, match=sentence):
        Cron("* * * * *", **fields)  # type: ignore[arg-type]


@given(st.text(alphabet="0123456789*/,-#?LWHR @adefjmnorsuty\t\n", max_size=24))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    with suppress(BadSchedule):
        Cron(text)


def test_the_longest_expression_is_read() -> None:
    minutes = ",".join(str(number % 60) for number in range(200))[: MAX_LENGTH - 8].rsplit(",", 1)[0]

    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_year + timedelta(minutes=1) == Cron(f"{minutes} * * * *").next_after(new_year)
