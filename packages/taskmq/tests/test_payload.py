"""The rule that tells text and values apart."""

import pytest
from taskcore.errors import NotSerializable, PayloadTooLarge
from taskmq.payload import MAX_BYTES, from_text, to_text


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True]}, [], {}, 0, False, None, "grüße", {"ключ": "值"}])
def test_a_json_value_comes_back_as_it_was(value: object) -> None:
    assert value == from_text(to_text(value))


@pytest.mark.parametrize(
    "text", ["hello", "  spaced ", "{'single': 'quotes'}", "NaN", "Infinity", "[1, NaN]", "{bad", "a\nb"]
)
def test_text_that_is_not_json_stays_text(text: str) -> None:
    assert text == to_text(text)
    assert text == from_text(text)


def test_text_is_stored_byte_for_byte_also_when_it_is_json() -> None:
    text = '{ "b":1,\n "a": 2 }'

    assert text == to_text(text)
    assert {"a": 2, "b": 1} == from_text(text)


def test_depth_that_no_parser_takes_stays_text() -> None:
    assert "[" * 100_000 == from_text("[" * 100_000)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": float("nan")}, "$.a"),
        ([float("inf")], "$[0]"),
        ("nul \0", "$"),
        ("\ud800", "$"),
        ({"a": {"b": "x\0"}}, "$.a.b"),
        ('{"a": "\\u0000"}', "$.a"),
        ('["\\ud800"]', "$[0]"),
        ({1: "int key"}, "$"),
        ({"a": object()}, "$.a"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_path(value: object, path: str) -> None:
    with pytest.raises(NotSerializable) as refused:
        to_text(value)

    assert path == refused.value.path


@pytest.mark.parametrize("value", [b"x", {"a": b"x"}, (1, 2), {"a": (1,)}, {1, 2}])
def test_values_that_json_lacks_are_refused_rather_than_changed(value: object) -> None:
    with pytest.raises(NotSerializable):
        to_text(value)


@pytest.mark.parametrize(
    "value", ["x" * (MAX_BYTES + 1), ["x" * MAX_BYTES], "ü" * (MAX_BYTES // 2 + 1), "x" * 5_000_000]
)
def test_more_than_a_megabyte_is_refused(value: object) -> None:
    with pytest.raises(PayloadTooLarge):
        to_text(value)


def test_exactly_a_megabyte_fits() -> None:
    assert MAX_BYTES == len(to_text("x" * MAX_BYTES))
