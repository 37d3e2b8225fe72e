"""Text: messages, tracebacks and lines of a log."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.redaction import MASK, Redactor

redact = Redactor()


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("postgresql://u:***@h:5432/db", "postgresql://u:p@ss:w/rd@h:5432/db"),
        ("redis://:***@h/0", "redis://:hunter2@h/0"),
        (f"Authorization: {MASK}", "Authorization: Basic dTpw, more=x"),
        (f"got bearer {MASK} there", "got bearer abc.def-123 there"),
        (f"password={MASK}, user=ann", "password=hunter2, user=ann"),
        (f"{{'db_password': {MASK}, 'a': 1}}", "{'db_password': 'hun\\'ter, 2', 'a': 1}"),
        (f"tokens=({MASK}".replace("(", "", 1), "tokens=['a', 'b']"),
        (f"GET /?q=1&api_key={MASK}&z=2", "GET /?q=1&api_key=hunter2&z=2"),
        (f"run --token {MASK} --fast", "run --token hunter2 --fast"),
        (f"Cookie: {MASK}\nHost: h", "Cookie: a=b; c=d\nHost: h"),
        (f"[(b'x-api-key', {MASK})]", "[(b'x-api-key', b'hunter2')]"),
        (f"next=%2Fx%3Fpassword%3D{MASK}&a=1", "next=%2Fx%3Fpassword%3Dhunter2&a=1"),
        (f"key {MASK} end", "key -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- end"),
        (f"cut {MASK}", "cut -----BEGIN PRIVATE KEY-----\nMII"),
        (f"user[password]={MASK}", "user[password]=hunter2"),
        (f"(to: str, *, token: {MASK} = {MASK}, n: int = 1)", "(to: str, *, token: str = 'hunter2', n: int = 1)"),
        (f"used {MASK} twice", f"used tc_live_3f9a0c12_{'Ab1' * 14}x twice"),
        (f"key {MASK}.", "key sk_live_4eC39HqLyjWDarjtT1zdp7dc."),
        (f"https://{MASK}@github.com/a/b", f"https://ghp_{'a1' * 18}@github.com/a/b"),
        (f"jwt {MASK}", "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"),
    ],
)
def test_a_secret_in_text_is_masked_and_what_stands_around_it_stays(shown: str, text: str) -> None:
    assert shown == redact.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://host:8080/path?mail=a@b.c",
        "the token was refused",
        "task_live_update and sk_live_short",
        "assert password == expected",
        "KeyError: 'user'",
        "at 12:30:45 in file.py:10",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert text == redact.text(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a://b:",
        "a",
        "password=",
        " ",
        '"',
        "\\",
        "password='\\",
        "eyJ",
        "bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "token=[",
        'token=\\"',
        "--pass ",
        "é",
    ],
)
def test_hostile_text_costs_linear_time(piece: str) -> None:
    text = piece * (70_000 // len(piece))

    began = time.process_time()
    redact.text(text)

    assert time.process_time() - began < 1.0


@given(st.text())
def test_any_text_can_be_redacted_twice(text: str) -> None:
    once = redact.text(text)

    once.encode()
    assert isinstance(redact.text(once), str)


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert "xxxxx… (100 characters in all)" == Redactor(limit=5).text("x" * 100)
