"""Logging in and out, and who one is in between."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.authenticators import PasswordAuthenticator
from taskcore.auth.chain import Credentials
from taskcore.auth.passwords import Passwords
from taskcore.auth.permissions import Verb
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery, Session, UserChange
from taskcore.auth.rules import default_password
from taskcore.auth.signing import Signing
from taskcore.errors import BadLogin, LocalOnly, NotAllowed, TooManyAttempts
from taskcore.testing import FakeClock

from .conftest import FAR, PASSWORD, House


async def seen(house: House) -> Session:
    (session,) = await house.accounts.users.sessions(house.admin, house.ada.id)
    return session


async def test_a_login_gives_a_cookie_that_says_who_comes(house: House) -> None:
    login = await house.accounts.login("ada", PASSWORD, origin=FAR)

    again = await house.accounts.recognise_session(login.cookie)

    assert again == login.principal
    assert ("Ada", "admin", "session") == (login.principal.name, login.principal.role, login.principal.via)
    assert (FAR.peer, FAR.user_agent) == (login.session.peer, login.session.user_agent)


async def test_the_store_never_holds_what_opens_a_session(house: House) -> None:
    login = await house.accounts.login("Ada", PASSWORD, origin=FAR)

    everything = repr(vars(house.store)) + repr(await seen(house))

    assert login.cookie not in everything
    assert house.accounts._sessions._signing.unsign("session", login.cookie) not in everything
    assert login.session.digest not in login.cookie


@pytest.mark.parametrize(("name", "password"), [("Ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("a\0\ud800", "x")])
async def test_wrong_ones_are_told_the_same_whatever_is_wrong(house: House, name: str, password: str) -> None:
    with pytest.raises(BadLogin) as raised:
        await house.accounts.login(name, password, origin=FAR)

    assert "the name or the password is wrong, or the user is disabled" == str(raised.value)


async def test_refused_logins_are_audited_without_what_strangers_typed(house: House) -> None:
    for name in ("Ada", "my-password-by-mistake"):
        with pytest.raises(BadLogin):
            await house.accounts.login(name, "hunter2", origin=FAR)

    last, first = (await house.accounts.entries(SYSTEM, AuditQuery(action="login.refused")))[:2]
    assert (f"user:{house.ada.id}", "user:unknown") == (first.target, last.target)
    assert (FAR.peer, "r-1") == (first.peer, first.request_id)
    assert "mistake" not in repr((first, last))
    assert "hunter2" not in repr((first, last))


async def test_logging_out_ends_the_session_at_once(house: House) -> None:
    login = await house.accounts.login("Ada", PASSWORD)

    assert await house.accounts.logout(login.cookie)

    assert await house.accounts.recognise_session(login.cookie) is None
    assert not await house.accounts.logout(login.cookie)
    assert ["login", "logout"] == await house.actions()


async def test_a_session_ends_when_nobody_uses_it_and_at_last_anyway(house: House) -> None:
    idle = await house.accounts.login("Ada", PASSWORD)
    house.clock.advance(timedelta(hours=8, seconds=1))
    assert await house.accounts.recognise_session(idle.cookie) is None

    busy = await house.accounts.login("Ada", PASSWORD)
    for _ in range(23):
        house.clock.advance(timedelta(hours=1))
        assert await house.accounts.recognise_session(busy.cookie) is not None
    house.clock.advance(timedelta(hours=1, seconds=1))

    assert await house.accounts.recognise_session(busy.cookie) is None


async def test_a_session_is_touched_once_a_minute_at_most(house: House) -> None:
    login = await house.accounts.login("Ada", PASSWORD)
    begun = house.clock.now()

    house.clock.advance(59)
    await house.accounts.recognise_session(login.cookie)
    assert begun == (await seen(house)).seen_at

    house.clock.advance(1)
    await house.accounts.recognise_session(login.cookie)
    assert house.clock.now() == (await seen(house)).seen_at


async def test_a_login_ends_the_session_that_the_browser_had(house: House) -> None:
    """Whoever planted a cookie in somebody's browser is not logged in when they are."""
    planted = await house.accounts.login("Bob", PASSWORD)

    login = await house.accounts.login("Ada", PASSWORD, instead_of=planted.cookie)

    assert planted.cookie != login.cookie
    assert await house.accounts.recognise_session(planted.cookie) is None
    assert await house.accounts.recognise_session(login.cookie) is not None


async def test_rights_are_those_of_now_not_of_the_login(house: House) -> None:
    login = await house.accounts.login("Bob", PASSWORD)

    await house.accounts.users.set_rights(house.admin, house.bob.id, role="operator")

    now = await house.accounts.recognise_session(login.cookie)
    assert now is not None
    assert now.may(Verb.RETRY)
    assert not login.principal.may(Verb.RETRY)


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "\ud800", "Ää.Öö"])
async def test_no_other_cookie_is_anybody(house: House, cookie: str) -> None:
    assert await house.accounts.recognise_session(cookie) is None
    assert not await house.accounts.logout(cookie)


async def test_replicas_with_one_key_and_store_share_sessions_and_those_with_another_do_not(house: House) -> None:
    login = await house.accounts.login("Ada", PASSWORD)
    replica, stranger = (
        Accounts(house.store, Signing(key, clock=house.clock), clock=house.clock)
        for key in ("a key of enough bytes to sign with", "some other key of enough bytes....")
    )

    assert await replica.recognise_session(login.cookie) is not None
    assert await stranger.recognise_session(login.cookie) is None


async def test_five_failures_a_minute_are_looked_at_and_good_ones_do_not_count(house: House) -> None:
    for _ in range(20):
        await house.accounts.login("Ada", PASSWORD, origin=FAR)
    for _ in range(5):
        with pytest.raises(BadLogin):
            await house.accounts.login("Ada", "wrong", origin=FAR)

    with pytest.raises(TooManyAttempts) as raised:
        await house.accounts.login("ADA", PASSWORD, origin=FAR)

    assert 60 == raised.value.retry_after
    house.clock.advance(60)
    await house.accounts.login("Ada", PASSWORD, origin=FAR)


async def test_who_guesses_locks_out_nobody_else(house: House) -> None:
    for _ in range(5):
        with pytest.raises(BadLogin):
            await house.accounts.login("Ada", "wrong", origin=FAR)

    await house.accounts.login("Ada", PASSWORD, origin=Origin(peer="198.51.100.1"))


async def test_a_default_password_is_good_from_this_machine_alone() -> None:
    clock = FakeClock()
    accounts = Accounts(
        MemoryAccounts(clock),
        Signing("a key of enough bytes to sign with", clock=clock),
        passwords=Passwords(min_length=4, hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)),
        local_only=default_password("lapinq", "lapinq"),
        clock=clock,
    )
    assert await accounts.users.ensure_first("lapinq", "lapinq") is not None
    assert await accounts.users.ensure_first("lapinq", "lapinq") is None

    with pytest.raises(LocalOnly, match="localhost"):
        await accounts.login("lapinq", "lapinq", origin=FAR)
    for peer in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "testclient"):
        login = await accounts.login("lapinq", "lapinq", origin=Origin(peer=peer))
    assert login.principal.must_change_password

    basic = PasswordAuthenticator(accounts)
    here = Credentials(basic=("lapinq", "lapinq"), peer="127.0.0.1")
    assert await basic.authenticate(here) is not None
    for elsewhere in (replace(here, forwarded=True), replace(here, peer="203.0.113.7")):
        with pytest.raises(LocalOnly):
            await basic.authenticate(elsewhere)

    await accounts.users.change_password(login.principal, "lapinq", "rabbit hole")
    later = await accounts.login("lapinq", "rabbit hole", origin=FAR)
    assert not later.principal.must_change_password
    await accounts.close()


async def test_accounts_may_be_plain_pairs_in_memory(house: House) -> None:
    pairs = [("alice", "pw1"), ("admin", "secret")]

    for _ in range(2):
        await house.accounts.users.ensure(pairs)

    for name, password in pairs:
        assert (await house.accounts.login(name, password)).principal.may(Verb.ADMIN)


async def test_a_hash_of_an_earlier_release_is_replaced_at_the_login(house: House) -> None:
    stronger = Accounts(
        house.store,
        Signing("a key of enough bytes to sign with", clock=house.clock),
        passwords=Passwords(hasher=Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1)),
        clock=house.clock,
    )

    login = await stronger.login("Ada", PASSWORD)

    user = await house.store.find_user("Ada")
    assert user is not None
    assert "m=16,t=2" in user.password_hash
    assert await stronger.recognise_session(login.cookie) is not None
    await stronger.close()


async def test_logins_that_replace_a_hash_at_the_same_time_all_succeed(house: House) -> None:
    stronger = Accounts(
        house.store,
        Signing("a key of enough bytes to sign with", clock=house.clock),
        passwords=Passwords(hasher=Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1)),
        clock=house.clock,
    )

    logins = await asyncio.gather(*[stronger.login("Ada", PASSWORD) for _ in range(4)])

    assert {house.ada.id} == {login.principal.id for login in logins}
    await stronger.close()


async def test_a_default_password_is_one_of_one_user_alone(house: House) -> None:
    is_default = default_password("ada", PASSWORD)

    assert is_default(house.ada, PASSWORD)
    assert not is_default(house.ada, "battery staple")
    assert not is_default(house.bob, PASSWORD)


class Interrupted(Passwords):
    """Between the verification of a password and what follows from it, the password is changed."""

    house: House

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        verdict = await super().verify(password, stored)
        await self.house.store.change_user(self.house.ada.id, UserChange(password_hash="changed"))
        return verdict


async def test_a_password_that_is_changed_during_the_login_lets_nobody_in(house: House) -> None:
    passwords = Interrupted(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.house = house
    signing = Signing("a key of enough bytes to sign with", clock=house.clock)
    accounts = Accounts(house.store, signing, passwords=passwords, clock=house.clock)

    with pytest.raises(BadLogin):
        await accounts.login("Ada", PASSWORD)

    assert [] == list(await house.store.sessions(house.ada.id))
    await accounts.close()


async def test_who_was_disabled_past_us_is_out_at_once(house: House) -> None:
    """Another program may have done it in the store."""
    login = await house.accounts.login("Bob", PASSWORD)
    await house.accounts.recognise_password("Bob", PASSWORD, origin=FAR)
    await house.store.change_user(house.bob.id, UserChange(enabled=False))

    assert await house.accounts.recognise_session(login.cookie) is None
    with pytest.raises(BadLogin):
        await house.accounts.recognise_password("Bob", PASSWORD, origin=FAR)


class Counting(Argon2Hasher):
    verified = 0

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - as the library named it
        self.verified += 1
        return super().verify(password, hash)


async def test_a_password_that_comes_with_every_request_is_verified_once(house: House) -> None:
    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    signing = Signing("a key of enough bytes to sign with", clock=house.clock)
    accounts = Accounts(house.store, signing, passwords=Passwords(hasher=hasher), clock=house.clock)

    for _ in range(5):
        assert "Ada" == (await accounts.recognise_password("Ada", PASSWORD, origin=FAR)).name
    assert 1 == hasher.verified

    await house.accounts.users.change_password(house.admin, PASSWORD, "battery staple")
    with pytest.raises(BadLogin):
        await accounts.recognise_password("Ada", PASSWORD, origin=FAR)
    await accounts.close()


async def test_only_admins_read_the_audit_log(house: House) -> None:
    with pytest.raises(NotAllowed):
        await house.accounts.entries(house.viewer, AuditQuery())


async def test_what_others_do_is_audited_too(house: House) -> None:
    entry = await house.accounts.audit(house.viewer, "task.retry", "task:7", "attempt 3", origin=FAR)

    assert ("Bob", "session", "task.retry", "task:7", "attempt 3") == (
        entry.actor,
        entry.via,
        entry.action,
        entry.target,
        entry.detail,
    )


async def test_a_key_is_noted_by_its_id_since_its_name_is_free(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "Ada", role="operator")
    bearer = await house.accounts.recognise_key(issued.text)
    assert bearer is not None

    entry = await house.accounts.audit(bearer, "task.retry", "task:7")

    assert (f"key:{issued.key.id}", "key") == (entry.actor, entry.via)


async def test_nothing_secret_is_shown_or_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        login = await house.accounts.login("Ada", PASSWORD, origin=FAR)
        issued = await house.accounts.keys.create(house.admin, "ci", role="operator")
        link = await house.accounts.users.reset_link(house.admin, house.bob.id)
        await house.accounts.recognise_key(issued.text)
        await asyncio.gather(house.accounts.login("Ada", "hunter2"), return_exceptions=True)
        entries = await house.accounts.entries(SYSTEM, AuditQuery())

    shown = repr((login, issued, entries, house.ada, house.accounts)) + str(login) + str(issued) + caplog.text
    for secret in (PASSWORD, "hunter2", login.cookie, issued.text, link, house.ada.password_hash):
        assert secret not in shown


async def test_what_is_over_is_pruned(house: House) -> None:
    await house.accounts.login("Ada", PASSWORD)
    house.clock.advance(timedelta(days=2))

    assert 1 == await house.accounts.prune()
    assert 0 == await house.accounts.prune()
