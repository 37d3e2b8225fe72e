"""A store of accounts on PostgreSQL keeps every promise; ``another`` is a second process's view of it."""

from collections.abc import AsyncIterator

import pytest
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.testing import FakeClock
from taskcore.testing.contracts.accounts import AccountStoreContract

from tests.conformance.accounts.servers import PREFIX, emptied


class TestPostgresAccounts(AccountStoreContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    async def store(self, postgres_url: str, clock: FakeClock) -> AsyncIterator[SQLAccounts]:
        async with emptied(postgres_url, clock) as store:
            yield store

    @pytest.fixture
    async def another(self, store: SQLAccounts, postgres_url: str, clock: FakeClock) -> AsyncIterator[SQLAccounts]:
        async with await SQLAccounts.open(postgres_url, prefix=PREFIX, clock=clock) as another:
            yield another
