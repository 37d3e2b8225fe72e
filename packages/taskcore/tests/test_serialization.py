"""What is decoded equals what was encoded, or encoding says where and why it cannot be."""

import json
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import CorruptPayload, NotSerializable, PayloadTooLarge
from taskcore.serialization import MAX_DEPTH, decode, encode


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Session:
    user: str


class Model:
    def model_dump(self) -> dict[str, object]:
        return {}


class DriverUUID(UUID):
    """As asyncpg hands them out."""


def same(left: object, right: object) -> bool:
    """Equality that also tells 1 from True, and a tuple from a list."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, datetime | time) and isinstance(right, datetime | time):
        return left == right and left.utcoffset() == right.utcoffset()
    return left == right


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.binary(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))])),
)
KEYS = TEXT | st.sampled_from(["~", "~~", "~datetime", "~tuple", "~~set", "~unknown"])
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(HASHABLE, max_size=4)
        | st.frozensets(HASHABLE, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_decoded_equals_what_was_encoded(value: object) -> None:
    text = encode(value)

    assert same(value, decode(text))
    assert text == encode(decode(text))
    json.loads(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "null", id="nothing is null"),
        pytest.param(
            {"n": 1, "s": "é", "f": 0.5, "l": [True, None]},
            '{"n":1,"s":"é","f":0.5,"l":[true,null]}',
            id="plain values are plain compact JSON",
        ),
        pytest.param(
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            '{"~datetime":"2026-03-29T01:30:00+00:00"}',
            id="an aware time keeps its offset",
        ),
        pytest.param(
            datetime.fromisoformat("2026-03-29T01:30:00"),
            '{"~datetime":"2026-03-29T01:30:00"}',
            id="a naive time stays naive",
        ),
        pytest.param(date(2026, 3, 29), '{"~date":"2026-03-29"}', id="a date"),
        pytest.param(
            timedelta(days=1, microseconds=1), '{"~timedelta":86400000001}', id="a duration is whole microseconds"
        ),
        pytest.param(b"\x00\xff", '{"~bytes":"AP8="}', id="bytes are base64"),
        pytest.param(Decimal("1.10"), '{"~decimal":"1.10"}', id="a decimal keeps its zeros"),
        pytest.param((1, (2,)), '{"~tuple":[1,{"~tuple":[2]}]}', id="tuples nest"),
        pytest.param({"b", "a"}, '{"~set":["a","b"]}', id="a set is written in one order"),
        pytest.param({"~datetime": "x"}, '{"~~datetime":"x"}', id="a dict that looks like a tag is escaped"),
        pytest.param({"~a": 1, "b": 2}, '{"~a":1,"b":2}', id="a dict of two keys never looks like a tag"),
        pytest.param(2**200, str(2**200), id="an integer beyond 64 bits"),
        pytest.param("\\u0000", '"\\\\u0000"', id="a backslash before u0000 is no NUL"),
    ],
)
def test_the_stored_form_is_stable(value: object, text: str) -> None:
    assert text == encode(value)
    assert same(value, decode(text))


def test_a_zone_is_kept_as_the_offset_it_had() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Rome"))

    found = decode(encode(at))

    assert at == found
    assert timedelta(hours=2) == found.utcoffset()


def test_a_uuid_of_a_driver_comes_back_as_a_plain_uuid() -> None:
    found = decode(encode([DriverUUID(int=7)]))

    assert UUID is type(found[0])
    assert [UUID(int=7)] == found


@pytest.mark.parametrize(
    ("value", "path", "sentence"),
    [
        pytest.param(
            {"args": [1, 2, {"session": Session("x")}]}, "$.args[2].session", "dataclasses.asdict", id="a dataclass"
        ),
        pytest.param({"a b": Colour.RED}, "$['a b']", r"\.value", id="an enum"),
        pytest.param([Level.HIGH], "$[0]", r"\.value", id="an enum that is also an int"),
        pytest.param((Model(),), "$[0]", "model_dump", id="a model"),
        pytest.param(Point(1, 2), "$", r"pass tuple\(", id="a named tuple"),
        pytest.param(OrderedDict(a=1), "$", r"pass dict\(", id="a subclass of dict"),
        pytest.param(bytearray(b"x"), "$", "look it up", id="a mutable buffer"),
        pytest.param({"f": print}, "$.f", "look it up", id="a function"),
        pytest.param({"n": [float("nan")]}, "$.n[0]", "nan, which JSON does not have", id="not a number"),
        pytest.param({"n": float("-inf")}, "$.n", "-inf", id="infinity"),
        pytest.param(Decimal("NaN"), "$", "finite", id="a decimal that is no number"),
        pytest.param({"a": {1: "x"}}, "$.a", "the key 1 of type int; keys must be str", id="a key that is no text"),
        pytest.param({Level.HIGH: 1}, "$", "keys must be str", id="an enum as a key"),
        pytest.param({"a": ["x\0y"]}, "$.a[0]", "NUL", id="a NUL in a text"),
        pytest.param({"x\0y": 1}, "$", "NUL", id="a NUL in a key"),
        pytest.param(["\ud800"], "$[0]", "surrogate", id="a lone surrogate"),
        pytest.param({"\udfff": 1}, "$", "surrogate", id="a lone surrogate in a key"),
        pytest.param([10**5000], "$[0]", "digits", id="an integer of five thousand digits"),
        pytest.param(
            time(1, tzinfo=ZoneInfo("Europe/Rome")), "$", "offset", id="a time of day whose offset depends on the date"
        ),
    ],
)
def test_what_cannot_be_stored_is_named_by_its_path(value: object, path: str, sentence: str) -> None:
    with pytest.raises(NotSerializable, match=sentence) as caught:
        encode(value)

    assert path == caught.value.path
    assert str(caught.value).startswith(path)


def nested(levels: int, wrap: type = list) -> object:
    value: Any = wrap()
    for _ in range(levels - 1):
        value = wrap((value,))
    return value


@pytest.mark.parametrize("wrap", [list, tuple])
def test_the_deepest_allowed_nesting_round_trips(wrap: type) -> None:
    value = nested(MAX_DEPTH, wrap)

    assert value == decode(encode(value))


@pytest.mark.parametrize("wrap", [list, tuple])
def test_one_level_more_is_refused(wrap: type) -> None:
    with pytest.raises(NotSerializable, match="nested more than 100 levels"):
        encode(nested(MAX_DEPTH + 1, wrap))


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[object] = [1]
    endless.append({"again": endless})

    with pytest.raises(NotSerializable, match="contains itself"):
        encode(endless)


@pytest.mark.parametrize("wrap", [list, tuple])
def test_parts_that_are_shared_again_and_again_are_too_large_and_not_endless(wrap: type) -> None:
    value: Any = 1
    for _ in range(40):
        value = wrap((value, value))

    with pytest.raises(PayloadTooLarge):
        encode(value, limit=10_000)


def test_a_document_of_exactly_the_limit_fits() -> None:
    assert '"é"' == encode("é", limit=4)


def test_one_byte_over_the_limit_is_refused_with_both_sizes() -> None:
    with pytest.raises(PayloadTooLarge, match="4 bytes") as caught:
        encode("é", limit=3)

    assert (4, 3) == (caught.value.size, caught.value.limit)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="half a document"),
        pytest.param("1 2", id="two documents"),
        pytest.param("NaN", id="not a number"),
        pytest.param('{"~nothing":1}', id="an unknown tag"),
        pytest.param('{"~datetime":"yesterday"}', id="a time that is none"),
        pytest.param('{"~datetime":7}', id="a time of the wrong type"),
        pytest.param('{"~set":[[1]]}', id="a set of lists"),
        pytest.param('{"~bytes":"?"}', id="bytes that are not base64"),
        pytest.param('{"~decimal":"1,5"}', id="a decimal with a comma"),
        pytest.param('{"~uuid":5}', id="a uuid of the wrong type"),
        pytest.param('{"~timedelta":1e300}', id="a duration without end"),
        pytest.param("9" * 5000, id="an integer of five thousand digits"),
        pytest.param("[" * 100_000, id="brackets without end"),
    ],
)
def test_broken_text_is_a_corrupt_payload(text: str) -> None:
    with pytest.raises(CorruptPayload):
        decode(text)


@given(st.text(alphabet='{}[]":,~0123456789abcdefilnrstu.-+ '))
def test_no_text_makes_the_decoder_raise_anything_else(text: str) -> None:
    with suppress(CorruptPayload):
        decode(text)
