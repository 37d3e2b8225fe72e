"""The use cases of accounts on real stores, from two processes' points of view."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.adapters.redis.accounts import RedisAccounts
from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.authenticators import KeyAuthenticator, SessionAuthenticator
from taskcore.auth.chain import Chain, Credentials
from taskcore.auth.passwords import Passwords
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.auth.signing import Signing
from taskcore.auth.stores import AccountStore
from taskcore.clock import SystemClock
from taskcore.errors import BadLogin, BadToken, LastAdmin, NameTaken
from taskcore.testing.redis_accounts import no_account_is_left

from tests.conformance.accounts.servers import PREFIX, emptied

Two = tuple[Accounts, Accounts]
PEER = Origin(peer="203.0.113.7", user_agent="\ud800 Firefox\0", request_id="r-1")


@pytest.fixture(params=["memory", "sqlite", "postgres", "mysql", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind in ("memory", "sqlite"):
        return f"sqlite:///{tmp_path}/accounts.db"
    return str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture
def prefix() -> str:
    return f"test_{uuid4().hex}"


def an_office(store: AccountStore) -> Accounts:
    quick = Passwords(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
    return Accounts(store, Signing("a key of enough bytes to sign with"), passwords=quick)


@pytest.fixture
async def two(kind: str, url: str, prefix: str) -> AsyncIterator[Two]:
    """Two processes that share a store and a key."""
    async with AsyncExitStack() as stack:
        stores: list[AccountStore] = [MemoryAccounts()] * 2
        if kind == "redis":
            await stack.enter_async_context(no_account_is_left(url, prefix))
            stores = [await stack.enter_async_context(await RedisAccounts.open(url, prefix=prefix)) for _ in range(2)]
        elif kind != "memory":
            first = await stack.enter_async_context(emptied(url, SystemClock()))
            second = await SQLAccounts.open(url, prefix=PREFIX)
            stores = [first, await stack.enter_async_context(second)]
        one, other = (an_office(store) for store in stores)
        yield one, other
        await one.close()
        await other.close()


async def test_from_nobody_to_a_working_house_and_its_log(two: Two) -> None:
    here, there = two
    ada = await here.users.set_up(here.users.setup_link(), "Ada", "correct horse", origin=PEER)
    with pytest.raises(BadToken):
        await there.users.set_up(there.users.setup_link(), "Eve", "correct horse")

    login = await here.login("ada", "correct horse", origin=PEER)
    elsewhere = await there.login("ADA", "correct horse", origin=PEER)
    assert ada.id == login.principal.id == elsewhere.principal.id

    grants = (Grant(frozenset({Verb.CANCEL}), Kind.QUEUE, "video*"),)
    bob = await here.users.create(login.principal, "Bob", role="viewer", grants=grants)
    with pytest.raises(NameTaken):
        await there.users.create(login.principal, "BOB", role="viewer")
    await there.users.reset_password(await here.users.reset_link(login.principal, bob.id), "battery staple")
    issued = await there.keys.create(login.principal, "ci", role="operator", owner=bob.id, lifetime=timedelta(days=1))

    chain = Chain([SessionAuthenticator(here), KeyAuthenticator(here)])
    bearer = await chain.authenticate(Credentials(bearer=issued.text, peer="203.0.113.7"))
    assert bearer is not None
    assert bearer.may(Verb.CANCEL, Kind.QUEUE, "video-hd") is False  # the key has no such grant on its own
    assert (True, False) == (bearer.may(Verb.VIEW), bearer.may(Verb.RETRY))

    await here.users.change_password(login.principal, "correct horse", "a better horse", origin=PEER)
    assert await chain.authenticate(Credentials(session=login.cookie)) is not None
    assert await chain.authenticate(Credentials(session=elsewhere.cookie)) is None
    with pytest.raises(LastAdmin):
        await there.users.remove(SYSTEM, ada.id)
    await there.users.remove(login.principal, bob.id)
    assert await chain.authenticate(Credentials(api_key=issued.text)) is None
    await here.logout(login.cookie)

    log = [entry.action for entry in reversed(await there.entries(SYSTEM, AuditQuery()))]
    assert [
        *("user.setup", "login", "login", "user.create", "user.reset_link", "user.reset", "key.create"),
        *("user.password", "user.remove", "logout"),
    ] == log


async def test_a_login_that_meets_a_change_of_the_password_leaves_no_session(two: Two) -> None:
    here, there = two
    ada = await here.users.create(SYSTEM, "Ada", "correct horse", role="admin")
    principal = (await here.login("Ada", "correct horse")).principal

    logins = [asyncio.create_task(there.login("Ada", "correct horse")) for _ in range(4)]
    await here.users.change_password(principal, "correct horse", "a better horse")
    outcomes = await asyncio.gather(*logins, return_exceptions=True)

    for outcome in outcomes:
        assert isinstance(outcome, BadLogin) or await here.recognise_session(outcome.cookie) is None  # type: ignore[union-attr]
    assert {principal.credential} == {each.digest for each in await here.users.sessions(principal, ada.id)}
