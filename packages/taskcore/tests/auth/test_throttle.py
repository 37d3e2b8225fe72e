"""The throttle of logins under attack: in parallel, from one address and from many, and with clients that hang up."""

import asyncio
import secrets

import anyio
import pytest
from taskcore.auth.throttle import LoginThrottle, _keys
from taskcore.errors import TooManyAttempts
from taskcore.ratelimit import MemoryWindows, Rate
from taskcore.ratelimit.redis import RedisWindows
from taskcore.ratelimit.windows import Usage
from taskcore.testing import FakeClock

FAR = "203.0.113.7"


async def fail(throttle: LoginThrottle, name: str, peer: str = FAR) -> bool:
    """Whether a login with a wrong password was looked at."""
    try:
        async with throttle.attempt(name, peer):
            await asyncio.sleep(0)
    except TooManyAttempts:
        return False
    return True


async def succeed(throttle: LoginThrottle, name: str, peer: str = FAR) -> bool:
    try:
        async with throttle.attempt(name, peer) as attempt:
            await asyncio.sleep(0)
            attempt.succeeded()
    except TooManyAttempts:
        return False
    return True


@pytest.fixture
def throttle() -> LoginThrottle:
    return LoginThrottle(clock=FakeClock())


async def test_guessing_in_parallel_gains_nothing(throttle: LoginThrottle) -> None:
    looked_at = await asyncio.gather(*(fail(throttle, "ada") for _ in range(100)))

    assert 5 == sum(looked_at)


async def test_good_logins_in_parallel_all_come_through(throttle: LoginThrottle) -> None:
    assert all(await asyncio.gather(*(succeed(throttle, "ada") for _ in range(100))))


async def test_many_names_from_one_address_are_few_guesses(throttle: LoginThrottle) -> None:
    assert 20 == sum([await fail(throttle, f"user{number}") for number in range(100)])
    assert await fail(throttle, "user0", "198.51.100.1")


async def test_one_name_from_many_addresses_is_few_guesses(throttle: LoginThrottle) -> None:
    assert 50 == sum([await fail(throttle, "ada", f"198.51.{number}.1") for number in range(200)])


async def test_one_home_has_one_ipv6_address(throttle: LoginThrottle) -> None:
    assert 5 == sum([await fail(throttle, "ada", f"2001:db8::{number:x}") for number in range(50)])


@pytest.mark.parametrize("name", ["ADA", "ada", "\N{FULLWIDTH LATIN CAPITAL LETTER A}da"])
async def test_spelling_a_name_otherwise_gains_nothing(throttle: LoginThrottle, name: str) -> None:
    for _ in range(5):
        await fail(throttle, "Ada")

    assert not await fail(throttle, name)


async def test_a_good_login_forgets_what_failed_before(throttle: LoginThrottle) -> None:
    for _ in range(3):
        for _ in range(4):
            assert await fail(throttle, "ada")
        assert await succeed(throttle, "ada")


async def test_hanging_up_is_a_failure(throttle: LoginThrottle) -> None:
    async def hang_up() -> None:
        async with throttle.attempt("ada", FAR):
            await asyncio.Event().wait()

    for _ in range(5):
        async with anyio.create_task_group() as server:  # cancels again at every await, as a web server's does
            server.start_soon(hang_up)
            await anyio.wait_all_tasks_blocked()
            server.cancel_scope.cancel()
    await anyio.wait_all_tasks_blocked()

    assert not await fail(throttle, "ada")


async def test_it_says_how_long_to_wait_and_then_looks_again() -> None:
    clock = FakeClock()
    throttle = LoginThrottle(clock=clock)
    for _ in range(5):
        await fail(throttle, "ada")
        clock.advance(2)

    with pytest.raises(TooManyAttempts) as raised:
        async with throttle.attempt("ada", FAR):
            pytest.fail("it was looked at")

    assert 50 == raised.value.retry_after
    clock.advance(50)
    assert await fail(throttle, "ada")


class FarWindows(MemoryWindows):
    """Take their time to answer, once they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def look(self, key: str, rate: Rate) -> Usage:
        self.asked.set()
        await self.answers.wait()
        return await super().look(key, rate)


async def test_a_login_that_is_over_while_the_next_is_looked_up_lets_it_in() -> None:
    windows = FarWindows()
    throttle = LoginThrottle(windows, per_name_and_address=Rate(1, 60))

    async with throttle.attempt("ada", FAR) as attempt:
        windows.asked.clear()
        windows.answers.clear()
        following = asyncio.create_task(succeed(throttle, "ada"))
        await windows.asked.wait()
        attempt.succeeded()
    windows.answers.set()

    assert await asyncio.wait_for(following, 5)


async def test_replicas_that_share_their_windows_share_their_failures(redis_url: str) -> None:
    windows = RedisWindows(redis_url, prefix=f"test:{secrets.token_hex(6)}")
    replicas = [LoginThrottle(windows) for _ in range(2)]

    looked_at = [await fail(replica, "ada") for _ in range(5) for replica in replicas]

    assert 5 == sum(looked_at)
    for kind, key in _keys("ada", FAR).items():
        await windows.clear(key, replicas[0]._limiters[kind].rate)
    await windows.close()


async def test_it_holds_neither_names_nor_all_that_ever_came() -> None:
    clock = FakeClock()
    windows = MemoryWindows(clock, max_keys=90)
    throttle = LoginThrottle(windows, clock=clock)

    for number in range(500):
        await fail(throttle, f"my-password-{number}", f"10.0.{number // 250}.{number % 250}")

    assert 90 == len(windows)
    assert "my-password" not in repr(vars(windows)) + repr(vars(throttle))
