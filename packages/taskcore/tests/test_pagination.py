"""A cursor leads on in its own listing, and is refused everywhere else."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import BadCursor, InvalidInput
from taskcore.pagination import MAX_LIMIT, Cursor, Page, checked_limit

QUERY = {"queue": "mail", "states": frozenset({"failed", "pending"}), "order": "newest"}
PARTS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
)


def forged(*parts: object) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


def digest() -> str:
    """What ``QUERY`` puts into its cursors."""
    return str(json.loads(urlsafe_b64decode(Cursor((1,)).encode(QUERY) + "==="))[1])


@given(st.lists(PARTS, min_size=1, max_size=4).map(tuple))
def test_a_cursor_comes_back_as_it_went(key: tuple[str | int | float | None, ...]) -> None:
    text = Cursor(key).encode(QUERY)

    assert Cursor(key) == Cursor.decode(text, QUERY)


@given(st.lists(PARTS, min_size=1, max_size=4).map(tuple))
def test_a_cursor_needs_no_quoting_in_a_url(key: tuple[str | int | float | None, ...]) -> None:
    text = Cursor(key).encode(QUERY)

    assert text.replace("-", "").replace("_", "").isalnum()
    assert text.isascii()


def test_the_order_in_which_filters_are_given_does_not_matter() -> None:
    text = Cursor((7,)).encode(QUERY)

    again = dict(reversed(QUERY.items())) | {"states": frozenset({"pending", "failed"})}

    assert Cursor((7,)) == Cursor.decode(text, again)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="no filter"),
        pytest.param(QUERY | {"queue": "web"}, id="another queue"),
        pytest.param(QUERY | {"order": "oldest"}, id="another order"),
        pytest.param(QUERY | {"name": None}, id="one filter more"),
    ],
)
def test_a_cursor_of_another_query_is_refused(other: dict[str, object]) -> None:
    text = Cursor((7,)).encode(QUERY)

    with pytest.raises(BadCursor, match="other filters"):
        Cursor.decode(text, other)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("%%%", id="not base64"),
        pytest.param("é", id="not ASCII"),
        pytest.param("e30", id="an object"),
        pytest.param("bm90IGpzb24", id="not JSON"),
        pytest.param("A" * 5000, id="longer than any of ours"),
        pytest.param(urlsafe_b64encode(b"[" * 1400).decode(), id="brackets without end"),
        pytest.param(forged(1, digest()), id="no key"),
        pytest.param(forged(9, digest(), 1), id="another version"),
        pytest.param(forged(1, digest(), 2**63), id="an integer that no database holds"),
        pytest.param(forged(1, digest(), [1]), id="a list as key"),
        pytest.param(forged(1, digest(), True), id="a truth value as key"),
        pytest.param(forged(1, digest(), float("nan")), id="a key that is no number"),
        pytest.param(forged(1, digest(), "a\0b"), id="a NUL in the key"),
        pytest.param(forged(1, digest(), "\ud800"), id="a lone surrogate in the key"),
    ],
)
def test_what_was_not_made_here_is_refused(text: str) -> None:
    with pytest.raises(BadCursor, match="first page again"):
        Cursor.decode(text, QUERY)


@given(st.text())
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    with suppress(BadCursor):
        Cursor.decode(text, QUERY)


@pytest.mark.parametrize(
    ("asked", "given_out"),
    [
        pytest.param(None, 50, id="nobody asked"),
        pytest.param(1, 1, id="one"),
        pytest.param(MAX_LIMIT, MAX_LIMIT, id="the most"),
        pytest.param(10**30, MAX_LIMIT, id="far more than the most"),
    ],
)
def test_a_limit_is_capped(asked: int | None, given_out: int) -> None:
    assert given_out == checked_limit(asked)


@pytest.mark.parametrize("bad", [0, -1, True, 2.0, "10"])
def test_a_limit_that_is_no_count_is_refused(bad: object) -> None:
    with pytest.raises(InvalidInput, match="limit must be a whole number from 1 to 1000"):
        checked_limit(bad)  # type: ignore[arg-type]


def test_the_last_page_has_no_cursor() -> None:
    assert Page((1, 2)).next_cursor is None
