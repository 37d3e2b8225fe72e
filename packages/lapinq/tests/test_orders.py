"""What may be ordered, and what is refused in one sentence before anything is stored."""

from datetime import UTC, datetime
from typing import Any

import pytest
from lapinq.orders import Order
from taskcore.errors import InvalidInput

NO_SECONDS: list[object] = ["inf", "nan", "x", 1e12, -1, True, [], "1" * 400]
NEEDED = {"task_name": "add", "module_path": "mytasks"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"task_name": ""}, "task_name is required", id="no name"),
        pytest.param({"task_name": None}, "task_name is required", id="null for a name"),
        pytest.param({"module_path": ""}, "module_path is required", id="no module"),
        pytest.param({"task_name": 5}, "task_name must be text, got int 5", id="a number for a name"),
        pytest.param({"module_path": ["a"]}, "module_path must be text", id="a list for a module"),
        pytest.param({"queue_name": None}, "queue_name must be text", id="null for a queue"),
        pytest.param({"queue_name": ""}, "queue must be text of 1 to 200", id="an empty queue"),
        pytest.param({"queue_name": "a\0b"}, "queue must be text", id="NUL in a queue"),
        pytest.param({"task_name": "a\0b"}, "printable", id="NUL in a name"),
        pytest.param({"task_name": "x" * 300}, "at most 199 characters together, got 307", id="a long name"),
        pytest.param({"args": {"a": 1}}, "args must be a JSON array, got dict", id="an object for args"),
        pytest.param({"args": "abc"}, "args must be a JSON array", id="text for args"),
        pytest.param({"args": ["a\0b"]}, "must not hold NUL", id="NUL in args"),
        pytest.param({"args": ["\ud800"]}, "args and kwargs must be JSON", id="half a character in args"),
        pytest.param({"args": [float("nan")]}, "args and kwargs must be JSON", id="NaN in args"),
        pytest.param({"args": [object()]}, "args and kwargs must be JSON", id="an object of Python in args"),
        pytest.param({"args": ["x" * 2_000_000]}, "2,000,025 bytes as JSON", id="too much in args"),
        pytest.param({"kwargs": [1]}, "kwargs must be a JSON object, got list", id="a list for kwargs"),
        pytest.param({"metadata": [1]}, "metadata must be a JSON object", id="a list for metadata"),
        pytest.param({"metadata": {"a": "\0"}}, "must not hold NUL", id="NUL in metadata"),
        pytest.param({"scheduled_at": "tomorrow"}, "invalid scheduled_at format", id="no date"),
        pytest.param({"scheduled_at": "0001-01-01T00:00:00+23:00"}, "invalid scheduled_at", id="before time began"),
        pytest.param({"scheduled_at": 5}, "invalid scheduled_at format", id="a number for a date"),
        *(
            pytest.param({name: bad}, f"invalid {name}", id=f"{bad!r} for {name}")
            for name in ("ttl_seconds", "retry_delay")
            for bad in NO_SECONDS
        ),
        pytest.param({"max_retries": "3"}, "max_retries must be a whole number from 0", id="text for retries"),
        pytest.param({"max_retries": None}, "max_retries must be", id="null for retries"),
        pytest.param({"max_retries": -1}, "max_retries must be", id="negative retries"),
        pytest.param({"max_retries": 1.5}, "max_retries must be", id="a part of a retry"),
        pytest.param({"priority": "high"}, "priority must be a whole number", id="text for a priority"),
        pytest.param({"priority": 2**31}, "priority must be", id="a priority beyond 32 bits"),
        pytest.param({"retry_backoff": "yes"}, "retry_backoff must be true or false", id="text for backoff"),
        *(
            pytest.param({"webhook_url": bad}, "webhook_url must be an http or https URL", id=f"webhook {bad!r:.20}")
            for bad in (5, "ftp://x/", "file:///etc/passwd", "http://", "http://a b/", "http://[::1", "/hook",
                        "http://x:99999/", "http://x/\n", "http://" + "x" * 2000)
        ),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Order.from_json({**NEEDED, **given}).spec(None)

    assert message in str(caught.value)


@pytest.mark.parametrize("body", [None, [], 5, "text", True])
def test_what_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(InvalidInput, match="a task must be a JSON object"):
        Order.from_json(body)


def test_of_several_mistakes_the_one_of_the_documentation_is_told_first() -> None:
    with pytest.raises(InvalidInput, match="invalid ttl_seconds"):
        Order.from_json({"ttl_seconds": "x", "metadata": 5, "scheduled_at": "x"})
    with pytest.raises(InvalidInput, match="task_name is required"):
        Order.from_json({"scheduled_at": "x", "queue_name": 5})


def test_what_is_left_out_has_the_defaults_of_the_documentation_and_unknown_keys_are_ignored() -> None:
    assert Order(task_name="add", module_path="mytasks") == Order.from_json({**NEEDED, "unknown": 1})


def test_null_stands_for_nothing_where_the_documentation_says_so() -> None:
    nulls = dict.fromkeys(["args", "kwargs", "metadata", "scheduled_at", "ttl_seconds", "retry_delay", "webhook_url"])
    order = Order.from_json({**NEEDED, **nulls, "retry_backoff": None})

    assert Order(task_name="add", module_path="mytasks") == order == Order.from_json({**NEEDED, "webhook_url": ""})


def test_numbers_as_text_and_whole_floats_are_numbers() -> None:
    order = Order.from_json({**NEEDED, "ttl_seconds": "86400", "retry_delay": "0.5", "max_retries": 2.0})

    assert (86400.0, 0.5, 2) == (order.ttl_seconds, order.retry_delay, order.max_retries)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-15T12:00:00Z", datetime(2026, 6, 15, 12, tzinfo=UTC)),
        ("2026-06-15T12:00:00+02:00", datetime(2026, 6, 15, 10, tzinfo=UTC)),
        ("2026-06-15T12:00:00", datetime(2026, 6, 15, 12, tzinfo=UTC)),
        ("2026-06-15", datetime(2026, 6, 15, tzinfo=UTC)),
    ],
)
def test_dates_are_iso_8601_and_utc_without_a_zone(text: str, expected: datetime) -> None:
    assert expected == Order.from_json({**NEEDED, "scheduled_at": text}).scheduled_at


def test_deep_nesting_is_refused_and_many_brackets_beside_each_other_are_not() -> None:
    deep: list[Any] = []
    for _ in range(150):
        deep = [deep]

    with pytest.raises(InvalidInput, match="nested more than 100 levels"):
        Order.from_json({**NEEDED, "args": deep}).spec(None)
    Order.from_json({**NEEDED, "args": [[["[[[["]]] * 500}).spec(None)


def test_text_that_looks_like_an_escaped_nul_is_text() -> None:
    assert "\\\\u0000" in Order.from_json({**NEEDED, "args": ["\\u0000"]}).spec(None).payload
