"""Tokens: good ones, and all the ways in which one can be bad."""

import logging
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.auth.tokens import Tokens
from taskcore.errors import BadToken, InvalidInput, TokenExpired, WeakSecret
from taskcore.testing import FakeClock

SECRET = "your-secure-secret-key-of-32-bytes"
HOUR = timedelta(hours=1)
NOW = FakeClock().now()


def made(body: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({"sub": "ci", "exp": NOW + HOUR, **body}, secret.ljust(64, "\0"), algorithm=algorithm)


def tokens(**options: Any) -> Tokens:
    return Tokens(SECRET, clock=options.pop("clock", FakeClock()), **options)


def test_a_token_that_others_made_says_who_and_in_which_roles() -> None:
    claims = tokens().verify(made({"role": "admin", "roles": ["reader", 7, "admin"], "team": "blue"}))

    assert ("ci", ("admin", "reader"), "blue") == (claims.subject, claims.roles, claims.all["team"])


def test_what_we_make_others_can_read() -> None:
    clock = FakeClock(datetime.now(UTC))

    token = tokens(clock=clock, audience="queue", issuer="us").create("ci", "worker", lifetime=HOUR, team="blue")

    body = jwt.decode(token, SECRET, algorithms=["HS256"], audience="queue", issuer="us")
    assert ("ci", "worker", "blue") == (body["sub"], body["role"], body["team"])
    assert 3_600 == body["exp"] - body["iat"]


@pytest.mark.parametrize(
    ("token", "why"),
    [
        pytest.param("", "malformed", id="nothing"),
        pytest.param("a.b.c", "malformed", id="three parts of nothing"),
        pytest.param("\ud800.\0.ü", "malformed", id="no text"),
        pytest.param("x" * 10_000, "8,000", id="too long"),
        pytest.param(made({}, secret="another secret of enough bytes...."), "another secret", id="signed by others"),
        pytest.param(made({}, algorithm="HS512"), "another algorithm", id="another algorithm"),
        pytest.param(jwt.encode({"sub": "ci"}, "", algorithm="none"), "another algorithm", id="none"),
        pytest.param(made({"sub": 7}), "malformed", id="sub is a number"),
        pytest.param(made({"sub": ""}), "sub", id="sub is empty"),
        pytest.param(made({"sub": "a\nb"}), "sub", id="sub has two lines"),
        pytest.param(made({"sub": None}), "no sub", id="no sub"),
        pytest.param(made({"exp": None}), "no exp", id="no exp"),
        pytest.param(made({"exp": "soon"}), "exp", id="exp is text"),
        pytest.param(made({"exp": True}), "exp", id="exp is a truth"),
        pytest.param(made({"exp": 10**400}), "exp", id="exp beyond all numbers"),
        pytest.param(made({"nbf": NOW + HOUR}), "not valid yet", id="not valid yet"),
        pytest.param(made({"aud": "others"}), "somebody else", id="for others"),
    ],
)
def test_a_bad_token_is_refused_and_not_repeated(token: str, why: str) -> None:
    with pytest.raises(BadToken, match=why) as raised:
        tokens().verify(token)

    assert not token or token not in str(raised.value)


def test_a_changed_header_does_not_choose_the_algorithm() -> None:
    _, body, signature = made({}).split(".")
    header = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()

    for forged in (f"{header}.{body}.", f"{header}.{body}.{signature}"):
        with pytest.raises(BadToken):
            tokens().verify(forged)


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        tokens().verify(text)


def test_a_token_is_over_at_its_exp_give_or_take_the_leeway() -> None:
    clock = FakeClock()
    strict, lenient = tokens(clock=clock), tokens(clock=clock, leeway=timedelta(seconds=30))
    token = made({})

    clock.advance(3_599)
    strict.verify(token)

    clock.advance(1)
    with pytest.raises(TokenExpired):
        strict.verify(token)
    lenient.verify(token)

    clock.advance(30)
    with pytest.raises(TokenExpired):
        lenient.verify(token)


def test_a_token_without_exp_is_accepted_by_request_and_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    lenient = tokens(require_exp=False)
    token = jwt.encode({"sub": "ci"}, SECRET)

    with caplog.at_level(logging.WARNING):
        subjects = {lenient.verify(token).subject for _ in range(3)}

    assert {"ci"} == subjects
    assert 1 == len(caplog.records)
    assert token not in caplog.text


def test_a_token_without_sub_is_anonymous_by_request() -> None:
    assert "anonymous" == tokens(require_sub=False).verify(jwt.encode({"exp": NOW + HOUR}, SECRET)).subject


def test_several_roles_are_a_list() -> None:
    token = tokens().create("ci", lifetime=HOUR, roles=["editor", "viewer"])

    assert ("editor", "viewer") == tokens().verify(token).roles


def test_two_secrets_are_good_while_one_is_replaced() -> None:
    both = Tokens(["the newest secret, of enough bytes", SECRET], clock=FakeClock())

    assert "ci" == both.verify(made({})).subject
    assert "me" == both.verify(both.create("me", lifetime=HOUR)).subject
    with pytest.raises(BadToken):
        tokens().verify(both.create("me", lifetime=HOUR))


def test_audience_and_issuer_must_be_ours_when_they_are_set() -> None:
    ours = tokens(audience="queue", issuer="us")

    ours.verify(made({"aud": "queue", "iss": "us"}))
    for body in ({"iss": "us"}, {"aud": "queue"}, {"aud": "q", "iss": "us"}, {"aud": "queue", "iss": "them"}):
        with pytest.raises(BadToken):
            ours.verify(made(body))


@pytest.mark.parametrize("secret", ["", "your-secret-key", "everybody-knows-this-one"])
def test_a_weak_or_published_secret_is_refused(secret: str) -> None:
    with pytest.raises(WeakSecret) as raised:
        Tokens(secret, published=["everybody-knows-this-one"])

    assert not secret or secret not in str(raised.value)


def test_the_secret_of_the_documentation_is_long_enough_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    example = Tokens("your-secure-secret-key", clock=FakeClock())

    assert 1 == len(caplog.records)
    assert "ci" == example.verify(made({}, secret="your-secure-secret-key")).subject


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256", "RS256")])
def test_only_shared_secrets_are_offered(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="HS256"):
        Tokens(SECRET, algorithms=algorithms)


def test_a_public_key_is_no_secret() -> None:
    with pytest.raises(InvalidInput, match="public key"):
        Tokens("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZI\n-----END PUBLIC KEY-----")


def test_secrets_are_not_shown() -> None:
    assert "secure" not in repr(tokens())
