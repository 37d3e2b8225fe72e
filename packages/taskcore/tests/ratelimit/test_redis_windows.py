"""Windows in Redis: shared, exact, and quick to say that nobody answers."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator

import pytest
from taskcore.errors import StoreUnavailable
from taskcore.ratelimit import Rate, RateLimiter, redis
from taskcore.ratelimit.redis import RedisWindows


@pytest.fixture
async def windows(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisWindows]:
    monkeypatch.setattr(redis, "PATIENCE", 30.0)  # this machine may be busy
    windows = RedisWindows(redis_url, prefix=f"test:{secrets.token_hex(6)}")
    yield windows
    for key in ("a", "b"):
        await windows.clear(key, Rate(3))
    await windows.close()


async def test_a_full_window_refuses_until_its_oldest_leaves(windows: RedisWindows) -> None:
    limiter = RateLimiter(windows, Rate(3))

    verdicts = [await limiter.hit("a") for _ in range(4)]

    assert [True, True, True, False] == [verdict.allowed for verdict in verdicts]
    assert [2, 1, 0, 0] == [verdict.remaining for verdict in verdicts]
    assert 58 <= verdicts[-1].retry_after <= 60


async def test_of_many_at_once_exactly_the_limit_is_allowed(windows: RedisWindows) -> None:
    verdicts = await asyncio.gather(*(RateLimiter(windows, Rate(3)).hit("a") for _ in range(30)))

    assert 3 == sum(verdict.allowed for verdict in verdicts)


async def test_looking_counts_nothing_and_a_reset_forgets(windows: RedisWindows) -> None:
    limiter = RateLimiter(windows, Rate(3))
    await limiter.hit("b")

    looked = [await limiter.look("b") for _ in range(5)]
    await limiter.reset("b")

    assert {2} == {verdict.remaining for verdict in looked}
    assert 3 == (await limiter.look("b")).remaining


async def test_nobody_there_is_said_within_a_second() -> None:
    with socket.socket() as bound:  # bound but not listening: whoever connects is refused
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        await refuse_in_time(RedisWindows(f"redis://:hunter2@127.0.0.1:{port}/0"))


async def test_somebody_who_never_answers_is_left_within_a_second() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        await refuse_in_time(RedisWindows(f"redis://:hunter2@127.0.0.1:{port}/0"))

        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # a second try would have taken as long again
            silent.accept()


async def refuse_in_time(windows: RedisWindows) -> None:
    before = time.monotonic()

    with pytest.raises(StoreUnavailable) as raised:
        await windows.take("a", Rate(3))

    assert redis.PATIENCE < 1
    assert time.monotonic() - before < 20  # it would wait for ever
    assert "hunter2" not in str(raised.value)
    await windows.close()
