"""Signed values: for one purpose, for a time, by keys that are still in use."""

import logging
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from taskcore.auth.signing import DOWNLOAD, RESET, SESSION, SETUP, Signing
from taskcore.errors import BadToken, TokenExpired, WeakSecret
from taskcore.testing import FakeClock

OLD, NEW = "old key " * 4, "new key " * 4
purposes = st.sampled_from([SESSION, SETUP, RESET, DOWNLOAD])
signing = Signing(NEW)


@given(purposes, st.text(max_size=200))
def test_what_was_signed_comes_back(purpose: str, value: str) -> None:
    assert value == signing.unsign(purpose, signing.sign(purpose, value))


@given(purposes, purposes, st.text(max_size=200))
def test_it_is_good_for_its_purpose_alone(purpose: str, other: str, value: str) -> None:
    assume(purpose != other)

    with pytest.raises(BadToken):
        signing.unsign(other, signing.sign(purpose, value))


@given(st.text(max_size=50), st.integers(0, 10_000), st.characters(codec="ascii"))
def test_no_character_of_it_can_be_changed(value: str, where: int, letter: str) -> None:
    text = signing.sign(SESSION, value)
    where %= len(text) - 1  # the last one carries spare bits of base64
    assume(text[where] != letter)

    with pytest.raises(BadToken):
        signing.unsign(SESSION, text[:where] + letter + text[where + 1 :])


@given(st.text(max_size=300))
def test_any_text_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadToken) as raised:
        signing.unsign(SESSION, text)

    assert len(text) < 20 or text not in str(raised.value)


def test_a_key_signs_until_it_is_replaced_and_verifies_until_it_is_left_out() -> None:
    before, during, after = Signing(OLD), Signing([NEW, OLD]), Signing(NEW)
    value = before.sign(SESSION, "7")

    assert "7" == during.unsign(SESSION, value)
    assert "7" == after.unsign(SESSION, during.sign(SESSION, "7"))
    with pytest.raises(BadToken):
        after.unsign(SESSION, value)


def test_its_age_is_judged_by_our_clock() -> None:
    clock = FakeClock()
    timed = Signing(NEW, clock=clock)
    value = timed.sign(RESET, "7")

    clock.advance(3_600)
    assert "7" == timed.unsign(RESET, value, max_age=timedelta(hours=1))

    clock.advance(1)
    with pytest.raises(TokenExpired):
        timed.unsign(RESET, value, max_age=timedelta(hours=1))


def test_the_clock_of_who_signed_may_be_ahead() -> None:
    ahead, ours = FakeClock(), FakeClock()
    ahead.advance(59)
    value = Signing(NEW, clock=ahead).sign(RESET, "7")

    assert "7" == Signing(NEW, clock=ours).unsign(RESET, value, max_age=timedelta(hours=1))


@pytest.mark.parametrize("keys", ["", b"fifteen bytes..", [], [NEW, "short"]])
def test_a_weak_key_is_refused_without_repeating_it(keys: str | bytes | list[str]) -> None:
    with pytest.raises(WeakSecret, match="SESSION_SECRET") as raised:
        Signing(keys, name="SESSION_SECRET")

    assert "short" not in str(raised.value)
    assert "fifteen" not in str(raised.value)


def test_a_short_key_is_warned_of_without_repeating_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Signing("twenty-two bytes long!", name="SESSION_SECRET")

    assert 1 == len(caplog.records)
    assert "SESSION_SECRET has 22 bytes" in caplog.text
    assert "twenty" not in caplog.text


def test_keys_are_not_shown() -> None:
    assert "key " not in repr(Signing([NEW, OLD])).replace("keys", "")
