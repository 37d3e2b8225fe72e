"""The search box and the URL of the list of tasks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.states import Phase
from taskcore.ui.models.tasks import TaskFilter
from taskcore.ui.query import Asked, pairs_of, read
from taskcore.ui.terms import terms, written

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def search(text: str) -> Asked:
    return read([("q", text)], NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TaskFilter()),
        ("queue:email", TaskFilter(queues=frozenset({"email"}))),
        ("QUEUE:email queue:a", TaskFilter(queues=frozenset({"email", "a"}))),
        ("state:failed state:Running", TaskFilter(phases=frozenset({Phase.FAILED, Phase.RUNNING}))),
        ("task:billing.charge", TaskFilter(name="billing.charge")),
        ('worker:"host 1"', TaskFilter(worker="host 1")),
        ('error:"no such \\"file\\""', TaskFilter(contains={"error": 'no such "file"'})),
        ('error:"never closed', TaskFilter(contains={"error": "never closed"})),
        ("args:42 result:ok", TaskFilter(contains={"args": "42", "result": "ok"})),
        ("args:http://x/y", TaskFilter(contains={"args": "http://x/y"})),
        ("send mail", TaskFilter(contains={"name": "send mail"})),
        ("0193b1f2", TaskFilter(contains={"id": "0193b1f2"})),
        ("facade", TaskFilter(contains={"name": "facade"})),
        ("created:<1h", TaskFilter(created_from=NOW - HOUR)),
        ("created:>1h", TaskFilter(created_before=NOW - HOUR)),
        ("created:90m", TaskFilter(created_from=NOW - 1.5 * HOUR)),
        ("created:>2026-11-01", TaskFilter(created_from=datetime(2026, 11, 1, tzinfo=UTC))),
        ("created:<=2026-11-01", TaskFilter(created_before=datetime(2026, 11, 1, tzinfo=UTC))),
        (
            "created:2026-11-01",
            TaskFilter(
                created_from=datetime(2026, 11, 1, tzinfo=UTC), created_before=datetime(2026, 11, 2, tzinfo=UTC)
            ),
        ),
    ],
)
def test_the_search_box_understands(text: str, expected: TaskFilter) -> None:
    asked = search(text)

    assert () == asked.problems
    assert expected == asked.filter


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quue:email", "Unknown filter ‘quue’. Did you mean ‘queue’?"),
        ("zzz:1", "Unknown filter ‘zzz’. Known are task, queue"),
        ("state:faild", "Unknown state ‘faild’. Did you mean ‘failed’?"),
        ("state:9", "Unknown state ‘9’. It is one of scheduled"),
        ("queue:", "‘queue:’ needs a value, as in queue:default."),
        ("args:a args:b", "‘args’ can be searched for one text at a time."),
        ("task:a task:b", "A task has one task, not both ‘a’ and ‘b’."),
        ("created:soon", "‘created’ must be an age such as 24h"),
        ("created:>999999w", "longer ago than the calendar goes"),
    ],
)
def test_the_search_box_says_what_it_does_not_understand(text: str, message: str) -> None:
    (problem,) = search(text).problems

    assert "q" == problem.field or problem.field in ("state", "task")
    assert message in problem.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "100000"),
        ("limit", "-1"),
        ("limit", "0"),
        ("limit", "ten"),
        ("limit", "²"),
        ("limit", "9" * 400),
        ("sort", "name"),
        ("state", "lost"),
        ("since", "yesterday"),
        ("until", "2026-99-01"),
        ("q", "x" * 501),
    ],
)
def test_a_bad_parameter_is_a_problem_of_its_field(name: str, value: str) -> None:
    assert [name] == [problem.field for problem in read([(name, value)], NOW).problems]


def test_unknown_and_empty_parameters_are_nothing() -> None:
    asked = read([("utm", "1"), ("queue", " "), ("q", "")], NOW)

    assert (TaskFilter(), ()) == (asked.filter, asked.problems)


def test_two_cursors_are_refused() -> None:
    assert ["before"] == [problem.field for problem in read([("cursor", "a"), ("before", "b")], NOW).problems]


def test_a_changed_filter_begins_at_its_first_page() -> None:
    asked = read([("queue", "a"), ("queue", "b"), ("sort", "created"), ("cursor", "x")], NOW)

    assert [("queue", "a"), ("queue", "b")] == asked.but(sort=None)
    assert [("sort", "created"), ("queue", "c")] == asked.but(queue=["c"])
    assert [("queue", "b"), ("sort", "created")] == asked.without("queue", "a")
    assert [("queue", "a"), ("queue", "b")] == asked.narrowed


def test_the_reader_s_queues_do_not_come_from_the_url() -> None:
    asked = read([("visible", "secret")], NOW, frozenset({"mine"}))

    assert frozenset({"mine"}) == asked.filter.visible


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20).filter(
    lambda value: value == value.strip()
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - with a zone
filters = st.builds(
    TaskFilter,
    phases=st.frozensets(st.sampled_from(Phase)),
    queues=st.frozensets(text, max_size=3),
    name=st.none() | text,
    worker=st.none() | text,
    schedule=st.none() | text,
    created_from=st.none() | moments,
    created_before=st.none() | moments,
    contains=st.dictionaries(st.sampled_from(["id", "name", "args", "result", "error"]), text, max_size=3),
    oldest_first=st.booleans(),
    limit=st.integers(1, 200),
    after=st.none() | text,
)


@given(filters)
def test_what_is_written_into_a_url_is_read_again(wanted: TaskFilter) -> None:
    asked = read(pairs_of(wanted), NOW)

    assert (wanted, ()) == (asked.filter, asked.problems)


@given(st.text(max_size=60))
def test_any_text_can_be_typed(typed: str) -> None:
    asked = search(typed)

    assert isinstance(asked.filter, TaskFilter)


@given(text)
def test_a_written_term_is_read_again(value: str) -> None:
    assert [("args", value)] == list(terms(f"args:{written(value)}"))
