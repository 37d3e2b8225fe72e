"""A store of accounts on a Redis server keeps every promise; ``another`` has connections of its own.

No test leaves a key behind: what it stored is removed through the ports, and what is still there then has leaked.
"""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from taskcore.adapters.redis.accounts import RedisAccounts
from taskcore.testing import FakeClock
from taskcore.testing.contracts.accounts import AccountStoreContract
from taskcore.testing.redis_accounts import no_account_is_left


@pytest.fixture
def prefix() -> str:
    return f"test_{uuid4().hex}"


class TestRedisAccounts(AccountStoreContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    async def store(self, redis_url: str, prefix: str, clock: FakeClock) -> AsyncIterator[RedisAccounts]:
        async with (
            no_account_is_left(redis_url, prefix, clock=clock),
            await RedisAccounts.open(redis_url, prefix=prefix, clock=clock) as store,
        ):
            yield store

    @pytest.fixture
    async def another(
        self, store: RedisAccounts, redis_url: str, prefix: str, clock: FakeClock
    ) -> AsyncIterator[RedisAccounts]:
        async with await RedisAccounts.open(redis_url, prefix=prefix, clock=clock) as another:
            yield another
