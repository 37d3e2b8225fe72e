"""A clock that stands still until a test moves it."""

from datetime import UTC, timedelta

import pytest
from taskcore.clock import Clock
from taskcore.testing import FakeClock, seconds


def test_time_stands_still() -> None:
    clock: Clock = FakeClock()

    assert (clock.now(), clock.monotonic()) == (clock.now(), clock.monotonic())
    assert UTC is clock.now().tzinfo


@pytest.mark.parametrize("span", [1.5, timedelta(seconds=1.5)])
def test_both_kinds_of_time_advance(span: timedelta | float) -> None:
    clock = FakeClock()
    before = clock.now()

    assert before + seconds(1.5) == clock.advance(span) == clock.now()
    assert 1.5 == clock.monotonic()


@pytest.mark.parametrize("span", [3600, -3600])
def test_only_the_wall_clock_jumps(span: float) -> None:
    clock = FakeClock()
    before = clock.now()

    assert before + seconds(span) == clock.jump(span)
    assert 0 == clock.monotonic()


def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(ValueError, match=r"use jump\(\)"):
        FakeClock().advance(-1)
