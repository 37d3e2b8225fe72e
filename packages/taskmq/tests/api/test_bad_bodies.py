"""Bodies that cannot be taken: always a 4xx in the documented shape, and nothing stored."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from taskmq.storage.sqlite_backend import SQLiteBackend

pytestmark = pytest.mark.stores("sqlite")

Headers = dict[str, str]
JOB: dict[str, Any] = {"payload": {"key": "value"}, "handler": "dummy"}
DEEP = '{"payload": ' + "[" * 150 + "]" * 150 + ', "handler": "dummy"}'

WRONG: dict[str, list[Any]] = {
    "priority": [2**70, -(2**70), 2**40, "high", "10", 1.5, None, True, [10], {}],
    "retry_policy": ["never", "", None, 1, ["fixed"]],
    "scheduled_for": ["tomorrow", "", 1_800_000_000, "1800000000", True, [], "2026-13-01", "9999-12-31T23:59:59-23:59"],
    "interval_seconds": [0, -1, 1.5, "60", True, 2**70, []],
    "handler": ["", None, 1, ["dummy"], "(none)", "x" * 1000, "a\nb", "\u202edummy"],
}
FIELDS = [(name, value) for name, values in WRONG.items() for value in values]

BODIES = [
    pytest.param('{"payload": {"a": NaN}, "handler": "dummy"}', id="NaN"),
    pytest.param('{"payload": -Infinity, "handler": "dummy"}', id="Infinity"),
    pytest.param('{"payload": 1e999, "handler": "dummy"}', id="a float that overflows"),
    pytest.param('{"payload": "\\u0000", "handler": "dummy"}', id="NUL"),
    pytest.param('{"payload": "\\ud800", "handler": "dummy"}', id="half a surrogate pair"),
    pytest.param('{"payload": 1, "payload": 2, "handler": "dummy"}', id="a key twice"),
    pytest.param('{"payload": ' + "9" * 5000 + ', "handler": "dummy"}', id="endless integer"),
    pytest.param(DEEP, id="deep"),
    pytest.param("[" * 100_000, id="deep and unclosed"),
    pytest.param("{bad", id="no JSON"),
    pytest.param("", id="empty"),
    pytest.param("[]", id="a list"),
    pytest.param("null", id="null"),
    pytest.param('"text"', id="text"),
    pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
]


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_a_field_of_the_wrong_kind_is_told_and_nothing_is_stored(
    client: TestClient, admin: Headers, backend: SQLiteBackend, name: str, value: Any
) -> None:
    answer = client.post("/add-job", json={**JOB, name: value}, headers=admin)

    assert 422 == answer.status_code
    (found,) = answer.json()["detail"]
    assert {"loc", "msg", "type"} == found.keys()
    assert "body" == found["loc"][0]
    assert 0 == backend.get_queue_depth()


@pytest.mark.parametrize("path", ["/add-job", "/cancel", "/retry", "/jobs/bulk", "/jobs/cancel", "/schedules"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[1]", "application/json"),
        (b"", "application/json"),
        (b'{"job_id": 1}', "application/x-www-form-urlencoded"),  # what curl -d sends where nobody says more
        (b'{"job_id": 1}', None),
    ],
)
def test_what_kind_of_body_is_expected_is_told(
    client: TestClient, admin: Headers, path: str, body: bytes, kind: str | None
) -> None:
    answer = client.post(path, content=body, headers={**admin, **({"content-type": kind} if kind else {})})

    (found,) = answer.json()["detail"]
    assert (["body"], "a JSON object was expected, sent as Content-Type: application/json") == (
        found["loc"],
        found["msg"],
    )


def test_what_is_no_object_within_a_body_is_told_in_plain_words(client: TestClient, admin: Headers) -> None:
    (found,) = client.post("/jobs/bulk", json={"jobs": [5]}, headers=admin).json()["detail"]

    assert (["body", "jobs", 0], "a JSON object was expected") == (found["loc"], found["msg"])


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", ["/add-job", "/cancel", "/retry", "/login"])
def test_a_body_that_is_no_plain_object_is_refused(
    client: TestClient, admin: Headers, backend: SQLiteBackend, path: str, body: str | bytes
) -> None:
    answer = client.post(path, content=body, headers={**admin, "content-type": "application/json"})

    assert 400 <= answer.status_code < 500
    assert answer.json().keys() == {"detail"}
    assert 0 == backend.get_queue_depth()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", ["/add-job", "/cancel", "/retry"])
def test_strangers_hear_that_they_are_strangers_whatever_they_send(
    client: TestClient, path: str, body: str | bytes
) -> None:
    answer = client.post(path, content=body, headers={"content-type": "application/json"})

    assert (401, {"detail": "Invalid or missing token"}) == (answer.status_code, answer.json())


def test_a_missing_handler_is_told_in_the_documented_words(client: TestClient, admin: Headers) -> None:
    answer = client.post("/add-job", json={"payload": {}}, headers=admin)

    wanted = {"loc": ["body", "handler"], "msg": "field required", "type": "value_error.missing"}
    assert (422, {"detail": [wanted]}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("path", ["/add-job", "/jobs/bulk"])
def test_a_field_that_nobody_knows_is_named_and_nothing_is_stored(
    client: TestClient, admin: Headers, backend: SQLiteBackend, path: str
) -> None:
    misspelt = {**JOB, "priorty": 20}

    answer = client.post(path, json=misspelt if path == "/add-job" else {"jobs": [JOB, misspelt]}, headers=admin)

    (found,) = answer.json()["detail"]
    assert (422, "priorty", "extra_forbidden") == (answer.status_code, found["loc"][-1], found["type"])
    assert "unknown field" in found["msg"]
    assert 0 == backend.get_queue_depth()


def test_of_many_fields_with_long_names_no_more_is_told_than_can_be_read(client: TestClient, admin: Headers) -> None:
    answer = client.post("/add-job", json={**JOB, **{f"{n}{'x' * 1000}": n for n in range(1000)}}, headers=admin)

    assert (422, 100) == (answer.status_code, len(answer.json()["detail"]))
    assert len(answer.content) < 30_000


@pytest.mark.parametrize("body", [{}, {"handler": "dummy"}, {"payload": None, "handler": "dummy"}])
def test_a_missing_payload_is_told_in_words_of_the_public_release(
    client: TestClient, admin: Headers, body: dict[str, Any]
) -> None:
    answer = client.post("/add-job", json=body, headers=admin)

    assert (400, {"detail": "Missing payload"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("job_id", ["1", 1.0, True, None, [1], {"id": 1}])
@pytest.mark.parametrize("path", ["/cancel", "/retry"])
def test_a_job_is_named_by_its_number(
    client: TestClient, admin: Headers, backend: SQLiteBackend, path: str, job_id: Any
) -> None:
    backend.insert_job({}, handler="dummy")

    answer = client.post(path, json={"job_id": job_id}, headers=admin)

    assert 422 == answer.status_code
    assert ["body", "job_id"] == answer.json()["detail"][0]["loc"]
    assert 1 == backend.get_queue_depth()


@pytest.mark.parametrize("path", ["/job/one", "/job/1.5", "/job/" + "9" * 5000])
def test_a_path_without_a_number_is_refused(client: TestClient, admin: Headers, path: str) -> None:
    assert 422 == client.get(path, headers=admin).status_code


def test_twelve_megabytes_are_too_much(client: TestClient, admin: Headers, backend: SQLiteBackend) -> None:
    answer = client.post("/add-job", json={**JOB, "payload": "x" * 12_000_000}, headers=admin)

    assert (413, 0) == (answer.status_code, backend.get_queue_depth())
    assert len(answer.content) < 1000


def test_so_is_a_payload_of_more_than_a_megabyte(client: TestClient, admin: Headers, backend: SQLiteBackend) -> None:
    answer = client.post("/add-job", json={**JOB, "payload": "x" * 1_100_000}, headers=admin)

    assert (413, 0) == (answer.status_code, backend.get_queue_depth())


def test_a_payload_of_a_megabyte_fits(client: TestClient, admin: Headers) -> None:
    body = json.dumps({**JOB, "payload": "x" * (2**20 - 10)}).encode()

    answer = client.post("/add-job", content=body, headers={**admin, "content-type": "application/json"})

    assert 200 == answer.status_code


def test_what_was_sent_is_not_sent_back_with_the_error(client: TestClient, admin: Headers) -> None:
    answer = client.post("/add-job", json={"payload": {}, "handler": ["a secret"]}, headers=admin)

    assert "a secret" not in answer.text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(2**63) | st.datetimes().map(str),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=6,
)
_BODIES = st.fixed_dictionaries(
    {"payload": _VALUES, "handler": st.just("dummy") | _VALUES},
    optional=dict.fromkeys(["priority", "retry_policy", "scheduled_for", "interval_seconds", "username"], _VALUES),
) | st.fixed_dictionaries({"job_id": st.integers(-1, 3) | _VALUES})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/add-job", "/cancel", "/retry", "/login"]),
    body=_BODIES | _VALUES,
)
def test_no_body_makes_the_server_fail(client: TestClient, admin: Headers, path: str, body: Any) -> None:
    headers = {**admin, "content-type": "application/json"}

    answer = client.post(path, content=json.dumps(body), headers=headers)

    assert answer.status_code < 500, answer.text
    assert "detail" in answer.json() or 200 == answer.status_code


def test_unknown_addresses_and_methods_are_told_in_the_same_shape(client: TestClient, admin: Headers) -> None:
    assert {"detail": "Not Found"} == client.get("/nowhere").json()
    answer = client.get("/add-job", headers=admin)
    assert (405, {"detail": "Method Not Allowed"}) == (answer.status_code, answer.json())
    assert "POST" in answer.headers["allow"]
