"""A dashboard with accounts in memory, and visitors with each role."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.testclient import TestClient
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.auth.accounts import Accounts
from taskcore.auth.authenticators import KeyAuthenticator, SessionAuthenticator
from taskcore.auth.chain import Chain
from taskcore.auth.passwords import Passwords
from taskcore.auth.permissions import Grant
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import User
from taskcore.auth.signing import Signing
from taskcore.testing import FakeClock
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource
from taskcore.web.access import Access

Answer = TypeVar("Answer")
PASSWORD = "correct horse"


def run(coroutine: Coroutine[object, object, Answer]) -> Answer:
    """The test client has a loop of its own, so tests are not asynchronous."""
    return asyncio.run(coroutine)


@dataclass
class House:
    """Accounts, the access that they give, and their clock."""

    accounts: Accounts
    access: Access
    clock: FakeClock

    def user(self, name: str, role: str = "viewer", grants: tuple[Grant, ...] = ()) -> User:
        return run(
            self.accounts.users.create(SYSTEM, name, PASSWORD, role=role, grants=grants, must_change_password=False)
        )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def house(clock: FakeClock) -> House:
    """Nobody lives there yet."""
    accounts = Accounts(
        MemoryAccounts(clock),
        Signing("a key of enough bytes to sign with", clock=clock),
        passwords=Passwords(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)),
        clock=clock,
    )
    chain = Chain([SessionAuthenticator(accounts), KeyAuthenticator(accounts)])
    return House(accounts, Access(chain=chain, accounts=accounts), clock)


@pytest.fixture
def dashboard(house: House, clock: FakeClock) -> Dashboard:
    """One without any part of a source: what is left is the house itself."""
    return Dashboard(DashboardSource(system="demo"), access=house.access, clock=clock)


Enter = Callable[[str], TestClient]


@pytest.fixture
def enter(dashboard: Dashboard) -> Iterator[Enter]:
    """Log in by name; "" stays outside."""
    clients: list[TestClient] = []

    def entered(name: str) -> TestClient:
        client = TestClient(dashboard, follow_redirects=False)
        client.__enter__()
        clients.append(client)
        if name:
            assert 303 == client.post("/login", data={"name": name, "password": PASSWORD}).status_code
        return client

    yield entered
    for client in clients:
        client.__exit__(None, None, None)
