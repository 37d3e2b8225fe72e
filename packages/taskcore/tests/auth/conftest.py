"""Accounts in memory, under a clock that tests turn, with hashing that takes no time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.passwords import Passwords
from taskcore.auth.principal import SYSTEM, Principal
from taskcore.auth.records import AuditQuery, User
from taskcore.auth.rules import principal_of_user
from taskcore.auth.signing import Signing
from taskcore.testing import FakeClock

PASSWORD = "correct horse"
FAR = Origin(peer="203.0.113.7", user_agent="Firefox", request_id="r-1")


@dataclass
class House:
    """What a test needs around its accounts."""

    accounts: Accounts
    store: MemoryAccounts
    clock: FakeClock
    ada: User
    bob: User

    @property
    def admin(self) -> Principal:
        return principal_of_user(self.ada, self.accounts.users.roles, via="session")

    @property
    def viewer(self) -> Principal:
        return principal_of_user(self.bob, self.accounts.users.roles, via="session")

    async def actions(self) -> list[str]:
        """What was audited since the house was built, in order."""
        entries = await self.accounts.entries(SYSTEM, AuditQuery())
        return [entry.action for entry in reversed(entries)][2:]


def empty(clock: FakeClock, store: MemoryAccounts | None = None) -> Accounts:
    """Accounts that nobody has."""
    return Accounts(
        store or MemoryAccounts(clock),
        Signing("a key of enough bytes to sign with", clock=clock),
        passwords=Passwords(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)),
        clock=clock,
    )


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Ada is the admin, Bob a viewer; both have the same password."""
    clock = FakeClock()
    store = MemoryAccounts(clock)
    accounts = empty(clock, store)
    made = [
        await accounts.users.create(SYSTEM, name, PASSWORD, role=role, must_change_password=False)
        for name, role in (("Ada", "admin"), ("Bob", "viewer"))
    ]
    yield House(accounts, store, clock, *made)
    await accounts.close()
