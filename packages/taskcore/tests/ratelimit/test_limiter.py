"""The limiter on windows in memory, and what it does when the windows are away."""

import logging

import pytest
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ratelimit import MemoryWindows, Outage, Rate, RateLimiter, Usage
from taskcore.testing import FakeClock


class Flaky(MemoryWindows):
    """Windows that can be switched off."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.away, self.asked = False, 0

    async def take(self, key: str, rate: Rate) -> Usage:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("nobody there")
        return await super().take(key, rate)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_a_key_is_allowed_its_limit_and_then_told_when_the_oldest_leaves(clock: FakeClock) -> None:
    limiter = RateLimiter(MemoryWindows(clock), Rate(2, 60), clock=clock)

    first = await limiter.hit("a")
    clock.advance(20)
    await limiter.hit("a")
    refused = await limiter.hit("a")

    assert (True, 1, 0) == (first.allowed, first.remaining, first.retry_after)
    assert (False, 0, 40) == (refused.allowed, refused.remaining, refused.retry_after)


async def test_refused_hits_do_not_push_the_end_away(clock: FakeClock) -> None:
    limiter = RateLimiter(MemoryWindows(clock), Rate(1, 10), clock=clock)
    await limiter.hit("a")
    for _ in range(9):
        clock.advance(1)
        assert not (await limiter.hit("a")).allowed

    clock.advance(1)

    assert (await limiter.hit("a")).allowed


async def test_keys_do_not_disturb_each_other_and_a_reset_forgets_one(clock: FakeClock) -> None:
    limiter = RateLimiter(MemoryWindows(clock), Rate(1), clock=clock)
    await limiter.hit("a")
    await limiter.hit("b")

    await limiter.reset("a")

    assert (await limiter.hit("a")).allowed
    assert not (await limiter.hit("b")).allowed


async def test_looking_counts_nothing(clock: FakeClock) -> None:
    limiter = RateLimiter(MemoryWindows(clock), Rate(2), clock=clock)

    for _ in range(5):
        assert (await limiter.look("a", room_for=2)).allowed

    assert not (await limiter.look("a", room_for=3)).allowed
    assert (await limiter.hit("a")).allowed


async def test_memory_is_bounded_and_what_ran_out_goes_first(clock: FakeClock) -> None:
    windows = MemoryWindows(clock, max_keys=100)
    for number in range(1_000):
        await windows.take(f"k{number}", Rate(5))
    assert 100 == len(windows)

    clock.advance(60)
    for _ in range(200):
        await windows.take("late", Rate(500))

    assert 1 == len(windows)


async def test_an_outage_is_counted_here_and_logged_once(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    windows = Flaky(clock)
    limiter = RateLimiter(windows, Rate(2), clock=clock)
    windows.away = True

    with caplog.at_level(logging.INFO):
        allowed = []
        for _ in range(3):
            allowed.append((await limiter.hit("a")).allowed)
            clock.advance(1.5)
        windows.away = False
        clock.advance(1.5)
        await limiter.hit("a")

    assert [True, True, False] == allowed
    assert ["WARNING", "INFO"] == [record.levelname for record in caplog.records]


async def test_a_store_that_is_away_is_not_asked_at_every_hit(clock: FakeClock) -> None:
    windows = Flaky(clock)
    limiter = RateLimiter(windows, Rate(100), clock=clock)
    windows.away = True

    for _ in range(50):
        await limiter.hit("a")

    assert 1 == windows.asked


@pytest.mark.parametrize(("outage", "allowed"), [(Outage.ALLOW, True), (Outage.REFUSE, False)])
async def test_an_outage_may_open_or_close(clock: FakeClock, outage: Outage, allowed: bool) -> None:
    windows = Flaky(clock)
    windows.away = True
    limiter = RateLimiter(windows, Rate(1), outage=outage, clock=clock)

    verdicts = [await limiter.hit("a") for _ in range(3)]

    assert [allowed] * 3 == [verdict.allowed for verdict in verdicts]
    assert [0 if allowed else 1] * 3 == [verdict.retry_after for verdict in verdicts]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/minute", Rate(10, 60)),
        ("5 per 2 hours", Rate(5, 7_200)),
        ("1/second", Rate(1, 1)),
        ("100 / 5 MINUTES", Rate(100, 300)),
        ("10/m", Rate(10, 60)),
        ("3/2h", Rate(3, 7_200)),
    ],
)
def test_rates_are_read_as_people_write_them(text: str, rate: Rate) -> None:
    assert rate == Rate.parse(text)


@pytest.mark.parametrize(
    "text", ["", "10", "ten/minute", "10/fortnight", "10/month", "10/ms", "0/minute", "10/0 minutes", "-1/minute"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Rate.parse(text)
