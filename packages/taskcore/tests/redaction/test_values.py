"""Values: what is masked, what is left out, and that nothing a value does can hurt."""

import json
from collections import namedtuple
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore import serialization
from taskcore.errors import InvalidInput
from taskcore.models import TaskError
from taskcore.redaction import DEPTH, LIMIT, MASK, Redactor

SECRET = "tr0ub4dor"
SECRET_KEYS = (
    *("password", "API-Key", "apikey", "accessToken", "Authorization", "set-cookie", "card_number", "SSN"),
    *("Pwd", "SharedAccessKey", "private_key", "credentials"),
)

redact = Redactor()


class Colour(Enum):
    RED = "red"


@dataclass
class Login:
    name: str
    password: str
    pin: str = field(repr=False, default="")


Pair = namedtuple("Pair", ["user", "token"])


class Hostile:
    def __repr__(self) -> NoReturn:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_value_under_a_secret_looking_key_is_masked_at_any_depth(key: str) -> None:
    value = {"args": [({key: SECRET, "to": "ann"},)]}

    assert {"args": [[{key: MASK, "to": "ann"}]]} == redact(value)


def test_the_original_stays_as_it_is() -> None:
    value = {"password": SECRET, "list": [1, {"token": SECRET}]}

    redact(value)

    assert {"password": SECRET, "list": [1, {"token": SECRET}]} == value


def test_fields_of_objects_are_values_under_keys_and_those_hidden_from_repr_are_secret() -> None:
    assert {"name": "ann", "password": MASK, "pin": MASK} == redact(Login("ann", SECRET, SECRET))
    assert {"user": "ann", "token": MASK} == redact(Pair("ann", SECRET))


def test_a_pair_whose_first_half_is_a_secret_looking_name_hides_its_second() -> None:
    headers = [(b"host", b"h"), (b"authorization", b"Basic dTpw"), ["cookie", SECRET]]

    assert [["b'host'", "b'h'"], ["b'authorization'", MASK], ["cookie", MASK]] == redact(headers)


def test_what_json_lacks_is_shown_as_text() -> None:
    value = [datetime(2026, 3, 29, tzinfo=UTC), Decimal("1.50"), Colour.RED, {2, 1}, float("nan"), 10**5000, b"ab"]

    shown: Any = redact(value)

    assert ["2026-03-29 00:00:00+00:00", "1.50", "Colour.RED", [1, 2], "nan"] == shown[:5]
    assert ["<integer of 16,610 bits>", "b'ab'"] == shown[5:]


def test_text_inside_of_values_is_searched_too() -> None:
    assert {"url": "postgresql://u:***@h/db", "n": 1} == redact({"url": f"postgresql://u:{SECRET}@h/db", "n": 1})
    assert SECRET not in json.dumps(redact([ValueError(f"token={SECRET}"), f'{{"password": "{SECRET}"}}']))


def test_keys_are_configurable_and_a_bad_pattern_is_refused() -> None:
    assert {"iban": MASK, "password": "shown"} == Redactor("(?i)IBAN")({"iban": SECRET, "password": "shown"})
    with pytest.raises(InvalidInput, match="regular expression"):
        Redactor("(")


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[Any] = [1]
    loop.append({"again": loop})

    assert [1, {"again": "… (contains itself)"}] == redact(loop)


def test_a_value_that_fails_to_show_itself_is_named_and_the_rest_is_shown() -> None:
    shown: Any = redact([Hostile(), 1])

    assert ["<Hostile that cannot be shown: RuntimeError>", 1] == shown


def test_levels_beyond_the_limit_are_not_shown() -> None:
    deep: Any = SECRET
    for _ in range(DEPTH + 80):
        deep = [deep]

    shown = json.dumps(redact(deep), ensure_ascii=False)

    assert "more than 20 levels deep" in shown
    assert SECRET not in shown


def test_more_items_than_the_limit_are_counted_not_shown() -> None:
    shown: Any = redact({"many": range(10**9), "wide": {str(n): n for n in range(1500)}})

    assert "… (999,999,000 more)" == shown["many"][-1]
    assert "(500 more)" == shown["wide"]["…"]


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000_000, ["x" * 1000] * 900, [[list(range(900))] * 900] * 900, {"k" * 70_000: 1, "j": "y" * 70_000}],
)
def test_the_copy_is_never_much_longer_than_the_limit(value: object) -> None:
    shown = json.dumps(redact(value), ensure_ascii=False, separators=(",", ":"))

    assert len(shown) < 1.1 * LIMIT
    assert "more)" in shown or "characters in all)" in shown


def test_a_secret_at_the_cut_is_not_shown_half() -> None:
    small = Redactor(limit=40)

    for before in range(20, 41):
        assert "hunter" not in str(small("-" * before + " https://u:hunter2hunter2@host/ password=hunter2"))


def test_a_stored_document_is_decoded_and_one_that_does_not_decode_is_shown_as_text() -> None:
    assert {"when": "2026-03-29", "token": MASK} == redact.document(
        serialization.encode({"when": datetime(2026, 3, 29, tzinfo=UTC).date(), "token": SECRET})
    )
    assert f'{{"password": {MASK}, broken' == redact.document(f'{{"password": "{SECRET}", broken')
    assert redact.document(None) is None


def test_a_preview_is_one_line_of_bounded_length() -> None:
    assert '{"to": "ann", "password": "•••• (redacted)"}' == redact.preview({"to": "ann", "password": SECRET})
    assert '["a\\nb"]' == redact.preview(["a\nb"])
    assert 20 == len(redact.preview(list(range(1000)), 20))


def test_an_error_keeps_its_type_and_loses_its_secrets() -> None:
    error = TaskError("DatabaseError", f"cannot reach mysql://root:{SECRET}@db", f"  connect(password='{SECRET}')")

    assert TaskError(
        "DatabaseError", "cannot reach mysql://root:***@db", f"  connect(password={MASK})"
    ) == redact.error(error)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
secret_keys = st.sampled_from(SECRET_KEYS)
secrets = st.sampled_from([SECRET, [SECRET], {"a": SECRET}, (1, SECRET), SECRET.encode(), Login(SECRET, SECRET)])
sentences = st.sampled_from(
    [
        f"login with password={SECRET} failed",
        f"redis://:{SECRET}@cache:6379/0",
        f"GET /x?api_key={SECRET}&b=1",
        f"Authorization: Basic {SECRET}\nnext line",
        f"sent Bearer {SECRET}",
        f"{{'token': '{SECRET} and {SECRET}'}}",
        json.dumps({"body": json.dumps({"card": SECRET + " 1"})}),
        f"[(b'cookie', b'{SECRET}')]",
    ]
)
values = st.recursive(
    plain | sentences | st.dictionaries(secret_keys, secrets, max_size=3),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | inner.map(lambda value: {"password": value})
    ),
    max_leaves=20,
)


@given(values)
def test_no_secret_survives(value: object) -> None:
    shown = json.dumps(redact(value), allow_nan=False)

    assert SECRET not in shown
    assert SECRET not in redact.preview(value, 10_000)


@given(st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(plain, inner)))
def test_any_value_has_a_copy_that_is_json_and_utf_8(value: object) -> None:
    json.dumps(redact(value), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    "pair",
    [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"Key": "api-key", "Value": "hunter2"},
        {"value": "hunter2", "name": "Authorization", "comment": None},
    ],
)
def test_a_pair_in_long_form_is_masked_by_its_name(pair: dict[str, object]) -> None:
    shown = redact([pair])

    assert "hunter2" not in str(shown)
    assert [{**pair, next(key for key in pair if key.lower() == "value"): MASK}] == shown
    assert {"name": "host", "value": "db"} == redact({"name": "host", "value": "db"})
