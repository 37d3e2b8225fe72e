"""The chain: who answers first, who refuses, and what an error means."""

import logging
from datetime import timedelta

import pytest
from taskcore.auth.authenticators import (
    KeyAuthenticator,
    LoopbackAuthenticator,
    PasswordAuthenticator,
    SessionAuthenticator,
    StaticKeyAuthenticator,
    TokenAuthenticator,
    static_key,
)
from taskcore.auth.chain import Authenticator, Chain, Credentials
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.auth.tokens import Claims, Tokens
from taskcore.errors import (
    BadLogin,
    BadToken,
    NotAuthenticated,
    StoreUnavailable,
    TokenExpired,
    TooManyAttempts,
)

from .conftest import PASSWORD, House

HOUR = timedelta(hours=1)


class Broken:
    """Raises what it is told."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        self.asked += 1
        raise self.error


class Everybody:
    async def authenticate(self, credentials: Credentials) -> Principal | None:
        return Principal(id="x", name="x", role="admin", via="key")


def full_chain(house: House, tokens: Tokens) -> Chain:
    authenticators: list[Authenticator] = [
        SessionAuthenticator(house.accounts),
        KeyAuthenticator(house.accounts),
        StaticKeyAuthenticator(static_key("configured key")),
        TokenAuthenticator(tokens),
        PasswordAuthenticator(house.accounts),
    ]
    return Chain(authenticators)


async def test_each_kind_of_credentials_is_recognised(house: House) -> None:
    tokens = Tokens("a secret of enough bytes to sign with", clock=house.clock)
    chain = full_chain(house, tokens)
    cookie = (await house.accounts.login("Ada", PASSWORD)).cookie
    key = (await house.accounts.keys.create(house.admin, "ci", role="viewer")).text
    token = tokens.create("ci", "worker", lifetime=HOUR)

    for credentials, via, name in [
        (Credentials(session=cookie), "session", "Ada"),
        (Credentials(api_key=key), "key", "ci"),
        (Credentials(bearer=key), "key", "ci"),
        (Credentials(api_key="configured key"), "key", "api key"),
        (Credentials(bearer="configured key"), "key", "api key"),
        (Credentials(bearer=token), "token", "ci"),
        (Credentials(basic=("Ada", PASSWORD)), "password", "Ada"),
    ]:
        principal = await chain.authenticate(credentials)
        assert principal is not None
        assert (via, name) == (principal.via, principal.name)


async def test_nobody_is_anonymous_and_so_is_who_shows_what_is_not_known(house: House) -> None:
    chain = full_chain(house, Tokens("a secret of enough bytes to sign with", clock=house.clock))
    ended = await house.accounts.login("Ada", PASSWORD)
    await house.accounts.logout(ended.cookie)

    for credentials in (
        Credentials(),
        Credentials(session=ended.cookie),
        Credentials(session="x"),
        Credentials(api_key="x"),
        Credentials(api_key="\ud800"),
        Credentials(api_key="tc_live_aaaaaaaa_" + "b" * 43),
        Credentials(bearer="tc_live_aaaaaaaa_" + "b" * 43),
    ):
        assert await chain.authenticate(credentials) is None


async def test_bad_credentials_are_refused_though_another_kind_would_do(house: House) -> None:
    tokens = Tokens("a secret of enough bytes to sign with", clock=house.clock)
    chain = Chain([*full_chain(house, tokens)._authenticators, LoopbackAuthenticator()])
    over = tokens.create("ci", "worker", lifetime=HOUR)
    house.clock.advance(HOUR)

    for error, credentials in [
        (TokenExpired, Credentials(bearer=over, peer="127.0.0.1")),
        (BadToken, Credentials(bearer="x", peer="127.0.0.1")),
        (BadLogin, Credentials(basic=("Ada", "wrong"), peer="127.0.0.1")),
    ]:
        with pytest.raises(error):
            await chain.authenticate(credentials)


async def test_wrong_passwords_in_requests_are_throttled_like_logins(house: House) -> None:
    chain = Chain([PasswordAuthenticator(house.accounts)])
    for _ in range(5):
        with pytest.raises(BadLogin):
            await chain.authenticate(Credentials(basic=("Ada", "wrong"), peer="203.0.113.7"))

    with pytest.raises(TooManyAttempts):
        await chain.authenticate(Credentials(basic=("Ada", PASSWORD), peer="203.0.113.7"))


async def test_what_errs_denies_and_is_logged_once_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken(KeyError("hunter2"))
    chain = Chain([broken, Everybody()])

    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            with pytest.raises(NotAuthenticated) as raised:
                await chain.authenticate(Credentials(bearer="hunter2"))

    assert 3 == broken.asked
    assert 1 == len(caplog.records)
    assert "Broken denies: KeyError in" in caplog.text
    assert "hunter2" not in caplog.text + str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_store_that_is_away_denies_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    chain = Chain([Broken(StoreUnavailable("nobody answers")), Everybody()])

    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await chain.authenticate(Credentials())

    assert 1 == len(caplog.records)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1", "testclient"])
async def test_this_machine_is_an_admin_where_that_is_configured(peer: str) -> None:
    chain = Chain([LoopbackAuthenticator()])

    principal = await chain.authenticate(Credentials(peer=peer))

    assert principal is not None
    assert ("loopback", True) == (principal.via, principal.may(Verb.ADMIN))
    assert await chain.authenticate(Credentials(peer=peer, forwarded=True)) is None


@pytest.mark.parametrize(
    "peer",
    ["", "10.0.0.1", "128.0.0.1", "::2", "::ffff:10.0.0.1", "localhost", "127.0.0.1.example.org", "0.0.0.0", "::"],
)
async def test_other_machines_are_not(peer: str) -> None:
    assert await Chain([LoopbackAuthenticator()]).authenticate(Credentials(peer=peer)) is None


async def test_configured_keys_bring_what_stands_beside_them() -> None:
    everything = Principal(id="key:admin", name="admin", role="admin", via="key")
    one = Principal(
        id="key:etl", name="etl", role="", via="key", grants=(Grant(frozenset(Verb), Kind.PIPELINE, "etl"),)
    )
    keys = StaticKeyAuthenticator({"admin-key": everything, "etl-key": one})

    assert everything == await keys.authenticate(Credentials(api_key="admin-key"))
    assert one == await keys.authenticate(Credentials(api_key="etl-key"))
    assert await keys.authenticate(Credentials(api_key="admin-ke")) is None
    assert await keys.authenticate(Credentials(api_key="")) is None


def test_an_empty_configured_key_is_none() -> None:
    assert {} == static_key("")


async def test_a_face_says_who_a_token_speaks_of() -> None:
    tokens = Tokens("a secret of enough bytes to sign with")

    def principal(claims: Claims) -> Principal:
        role = "admin" if "chief" in claims.roles else "viewer"
        return Principal(id=claims.subject, name=claims.subject, role=role, via="token")

    authenticator = TokenAuthenticator(tokens, principal)
    found = await authenticator.authenticate(Credentials(bearer=tokens.create("ci", "chief", lifetime=HOUR)))

    assert found is not None
    assert found.may(Verb.ADMIN)


def test_credentials_show_nothing_but_the_peer() -> None:
    shown = repr(
        Credentials(bearer="hunter2", api_key="hunter2", session="hunter2", basic=("hunter2", "hunter2"), peer="::1")
    )

    assert "hunter2" not in shown
    assert "::1" in shown
    assert "hunter2" not in repr(StaticKeyAuthenticator(static_key("hunter2"))) + repr(static_key("hunter2").values())
