"""Who may come in: tokens that are good, and everything that only looks like one."""

import base64
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient
from taskcore.errors import WeakSecret
from taskmq.api.app import create_app
from taskmq.api.desk import Desk
from taskmq.jwt_secret import PUBLISHED, keys_of, secret_of
from taskmq.storage.store_backend import StoreBackend

pytestmark = pytest.mark.stores("sqlite")

SECRET = "a secret of these tests, which is long enough"
Headers = dict[str, str]
JOB = {"payload": {"key": "value"}, "handler": "dummy"}
SOON = datetime.now(UTC) + timedelta(hours=1)
DENIED = {"detail": "Invalid or missing token"}


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _bearer(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> Headers:
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm=algorithm)}"}


GOOD = {"sub": "admin", "role": "admin", "exp": SOON}
TOKEN = jwt.encode(GOOD, SECRET, algorithm="HS256")
UNSIGNED = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part({'sub': 'admin', 'role': 'admin'})}."

REFUSED = [
    pytest.param({}, id="none"),
    pytest.param({"Authorization": "Bearer"}, id="no token"),
    pytest.param({"Authorization": "Bearer "}, id="an empty token"),
    pytest.param({"Authorization": f"Basic {TOKEN}"}, id="another scheme"),
    pytest.param({"Authorization": TOKEN}, id="no scheme"),
    pytest.param({"Authorization": "Bearer nonsense"}, id="no JWT"),
    pytest.param({"Authorization": f"Bearer {TOKEN[:-4]}"}, id="cut"),
    pytest.param({"Authorization": f"Bearer {UNSIGNED}"}, id="alg none"),
    pytest.param({"Authorization": f"Bearer {TOKEN.rpartition('.')[0]}."}, id="signature left out"),
    pytest.param({"Authorization": "Bearer " + "x" * 50_000}, id="endless"),
    pytest.param(_bearer(GOOD, "another secret that is long enough too"), id="another secret"),
    pytest.param(_bearer(GOOD, PUBLISHED), id="the published default"),
    pytest.param(_bearer(GOOD, SECRET * 2, "HS512"), id="another algorithm"),
    pytest.param(_bearer(GOOD | {"exp": datetime.now(UTC) - timedelta(seconds=1)}), id="expired"),
    pytest.param(_bearer(GOOD | {"nbf": SOON}), id="not valid yet"),
    pytest.param(_bearer(GOOD | {"aud": "others"}), id="for others"),
]


@pytest.mark.parametrize("headers", REFUSED)
@pytest.mark.parametrize(("method", "path"), [("POST", "/add-job"), ("POST", "/cancel"), ("POST", "/retry")])
def test_without_a_good_token_nothing_is_done(
    client: TestClient, backend: StoreBackend, headers: Headers, method: str, path: str
) -> None:
    answer = client.request(method, path, json={**JOB, "job_id": 1}, headers=headers)

    assert (401, DENIED, "Bearer") == (answer.status_code, answer.json(), answer.headers["WWW-Authenticate"])
    assert 0 == backend.get_queue_depth()


def test_a_subject_that_is_no_text_is_refused(client: TestClient) -> None:
    body = _part({"sub": 7, "role": "admin"})
    head = _part({"alg": "HS256", "typ": "JWT"})
    signature = jwt.PyJWS().encode(json.dumps({"sub": 7, "role": "admin"}).encode(), SECRET, "HS256")

    for token in (signature, f"{head}.{body}.x"):
        assert 401 == client.post("/add-job", json=JOB, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"role": ""},
        {"role": "ADMIN"},
        {"role": ["admin"]},
        {"role": {"admin": True}},
        {"role": None},
        {"role": "operator"},
        {"role": "guest"},
        {"roles": ["admin"]},
    ],
)
def test_a_token_without_a_role_of_ours_may_do_nothing(client: TestClient, claims: dict[str, Any]) -> None:
    for path, body in (("/add-job", JOB), ("/cancel", {"job_id": 1}), ("/retry", {"job_id": 1})):
        answer = client.post(path, json=body, headers=_bearer({"sub": "x", "exp": SOON} | claims))

        assert (403, {"detail": "Insufficient permissions"}) == (answer.status_code, answer.json())


def test_a_worker_may_retry_and_read_but_not_add_or_cancel(
    client: TestClient, worker: Headers, backend: StoreBackend
) -> None:
    job = backend.insert_job({}, handler="dummy")

    assert {"detail": "Insufficient permissions"} == client.post("/add-job", json=JOB, headers=worker).json()
    assert 403 == client.post("/cancel", json={"job_id": job}, headers=worker).status_code
    assert 200 == client.post("/retry", json={"job_id": job}, headers=worker).status_code
    assert 200 == client.get(f"/job/{job}", headers=worker).status_code


def test_the_scheme_is_read_in_any_case_and_the_subject_may_be_missing(client: TestClient) -> None:
    token = jwt.encode({"role": "admin", "exp": SOON}, SECRET, algorithm="HS256")

    assert 200 == client.post("/add-job", json=JOB, headers={"Authorization": f"bEARER {token}"}).status_code


def test_a_token_that_never_expires_is_accepted_with_one_warning(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answers = [client.post("/add-job", json=JOB, headers=_bearer({"role": "admin"})) for _ in range(2)]

    assert [200, 200] == [answer.status_code for answer in answers]
    assert 1 == caplog.text.count("without exp")


@pytest.mark.parametrize(("setting", "status"), [("1", 401), ("true", 401), ("0", 200), ("", 200)])
def test_or_it_is_refused_where_the_environment_says_so(backend: StoreBackend, setting: str, status: int) -> None:
    keys = keys_of(SECRET, {"TASKMQ_JWT_REQUIRE_EXP": setting})

    with TestClient(create_app(Desk(lambda: backend, keys))) as client:
        assert status == client.post("/add-job", json=JOB, headers=_bearer({"role": "admin"})).status_code


@pytest.mark.parametrize("secret", ["", PUBLISHED])
def test_no_secret_and_the_published_one_are_refused(secret: str) -> None:
    with pytest.raises(WeakSecret, match="TASKMQ_JWT_SECRET is not set"):
        secret_of({"TASKMQ_JWT_SECRET": secret})


def test_a_secret_of_15_bytes_is_refused_and_one_of_16_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(WeakSecret, match="at least 16 bytes, got 15"):
        keys_of("your-secret-key", {})

    keys_of("16 bytes are it!", {})

    assert "16 bytes; 32 or more are advised" in caplog.text


def test_a_secret_stands_in_no_repr(as_role: Callable[[str], Headers]) -> None:
    assert SECRET not in repr(keys_of(SECRET, {}))
