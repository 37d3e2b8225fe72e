"""The reference store of accounts fulfils its ports."""

import pytest
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.testing import FakeClock
from taskcore.testing.contracts.accounts import AccountStoreContract


class TestMemoryAccounts(AccountStoreContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryAccounts:
        return MemoryAccounts(clock)

    @pytest.fixture
    def another(self, store: MemoryAccounts) -> MemoryAccounts:
        """Two handles on one process's memory are the same object."""
        return store
