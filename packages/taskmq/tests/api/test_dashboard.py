"""The dashboard below ``/dashboard``: who may open it, and what it says."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from taskcore.auth.principal import SYSTEM
from taskcore.errors import InvalidInput
from taskmq.accounts import accounts_of
from taskmq.api.app import create_app
from taskmq.api.desk import Desk, proxies_of
from taskmq.jwt_secret import Keys
from taskmq.options import JobOptions
from taskmq.schedules import JobSchedule, Schedules
from taskmq.storage.base import JobStatus
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

pytestmark = pytest.mark.stores("sqlite")

Headers = dict[str, str]
Run = Callable[..., Worker]
PASSWORD = "correct horse battery"
JSON = {"accept": "application/json"}


@pytest.fixture
def users(backend: StoreBackend, keys: Keys) -> None:
    """ada is an admin, bob a viewer, will a worker."""

    async def make() -> None:
        async with accounts_of(backend, keys.signing) as accounts:
            for name, role in (("ada", "admin"), ("bob", "viewer"), ("will", "worker")):
                await accounts.users.create(SYSTEM, name, PASSWORD, role=role, must_change_password=False)

    asyncio.run(make())


@pytest.fixture
def stranger(backend: StoreBackend, keys: Keys) -> Iterator[TestClient]:
    """A client on another machine."""
    app = create_app(Desk(lambda: backend, keys))
    with TestClient(app, client=("203.0.113.7", 5000), follow_redirects=False) as client:
        yield client


def _login(client: TestClient, name: str) -> int:
    answer = client.post("/dashboard/login", data={"name": name, "password": PASSWORD}, follow_redirects=False)
    return int(answer.status_code)


@pytest.mark.stores("sqlite", "redis")
def test_while_there_are_no_users_programs_on_this_machine_are_admins(
    client: TestClient, backend: StoreBackend
) -> None:
    backend.insert_job({"to": "ada"}, handler="email")

    (row,) = client.get("/dashboard/tasks", headers=JSON).json()["page"]["rows"]

    assert ("email", "PENDING", {"to": "ada"}) == (row["name"], row["native"], row["args"])


@pytest.mark.parametrize(("state", "word"), [(JobStatus.SUCCESS, "SUCCESS"), (JobStatus.FAILED, "FAILED")])
def test_states_are_told_in_the_words_of_the_queue(
    client: TestClient, backend: StoreBackend, state: JobStatus, word: str
) -> None:
    backend.update_status(backend.insert_job({}, handler="email"), state)

    (row,) = client.get("/dashboard/tasks", headers=JSON).json()["page"]["rows"]

    assert word == row["native"]


def test_and_nobody_else_is_let_in(stranger: TestClient) -> None:
    for path in ("/dashboard/", "/dashboard/tasks", "/dashboard/dead"):
        assert 303 == stranger.get(path).status_code
        assert 401 == stranger.get(path, headers=JSON).status_code


def test_a_proxy_or_a_foreign_name_makes_nobody_local(client: TestClient) -> None:
    for headers in ({"X-Forwarded-For": "203.0.113.7"}, {"Host": "evil.example"}):
        assert 401 == client.get("/dashboard/tasks", headers={**JSON, **headers}).status_code


@pytest.mark.usefixtures("users")
def test_behind_a_proxy_that_was_named_the_client_is_its_client(backend: StoreBackend, keys: Keys) -> None:
    app = create_app(Desk(lambda: backend, keys, proxies_of({"TASKMQ_TRUSTED_PROXIES": "203.0.113.7, 10.0.0.0/8"})))
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
    with TestClient(app, client=("203.0.113.7", 5000), headers=headers, base_url="https://testserver") as client:
        assert 303 == _login(client, "ada")

        assert ["__Host-taskmq_session"] == [cookie.name for cookie in client.cookies.jar]
        assert "198.51.100.1" in client.get("/dashboard/audit").text


def test_a_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nonsense"):
        proxies_of({"TASKMQ_TRUSTED_PROXIES": "nonsense"})


@pytest.mark.usefixtures("users")
def test_with_users_everybody_logs_in(client: TestClient, stranger: TestClient) -> None:
    assert 401 == client.get("/dashboard/tasks", headers=JSON).status_code

    assert 303 == _login(stranger, "ada")

    assert 200 == stranger.get("/dashboard/tasks", headers=JSON).status_code


@pytest.mark.usefixtures("users")
def test_a_session_is_good_for_pages_and_not_for_the_api(stranger: TestClient) -> None:
    _login(stranger, "ada")

    answer = stranger.post("/add-job", json={"payload": {}, "handler": "dummy"})

    assert 401 == answer.status_code


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("name", "action", "status"),
    [
        ("bob", "retry", 403),
        ("bob", "cancel", 403),
        ("will", "retry", 303),
        ("will", "cancel", 403),
        ("ada", "retry", 303),
        ("ada", "cancel", 303),
    ],
)
def test_what_a_role_allows_is_done(
    stranger: TestClient, backend: StoreBackend, name: str, action: str, status: int
) -> None:
    job = backend.insert_job({}, handler="email")
    if action == "retry":
        backend.move_to_dlq(job, "wrong")
    _login(stranger, name)

    answer = stranger.post(f"/dashboard/actions/{action}", data={"target": str(job), "confirmed": "yes"})

    assert status == answer.status_code, answer.text[:500]


@pytest.mark.usefixtures("users")
def test_what_the_api_cancelled_and_retried_is_in_the_audit_log(
    client: TestClient, backend: StoreBackend, admin: Headers
) -> None:
    job = backend.insert_job({}, handler="email")
    for path in ("/cancel", "/retry", "/retry", "/cancel", "/cancel"):
        client.post(path, json={"job_id": job}, headers=admin)

    shown = client.get("/dashboard/audit", headers={**JSON, **admin}).text

    assert (2, 2) == (shown.count('"task.cancel"'), shown.count('"task.retry"'))
    assert "token:somebody" in client.get("/dashboard/audit", headers=admin).text
    events = client.get(f"/dashboard/tasks/{job}?tab=events", headers=admin).text
    assert (2, 2) == (events.count(">task.cancel<"), events.count(">task.retry<"))


@pytest.mark.usefixtures("users")
def test_so_is_who_added_jobs_with_one_entry_for_a_burst(
    client: TestClient, admin: Headers, wait: Callable[..., Any]
) -> None:
    for _ in range(30):
        client.post("/add-job", json={"payload": {}, "handler": "email"}, headers=admin)

    def told() -> int:
        shown = client.get("/dashboard/audit", headers={**JSON, **admin}).json()["entries"]
        entries = [entry for entry in shown if entry["action"] == "task.put"]
        jobs = [int((entry["detail"] or "1 jobs").partition(" ")[0]) for entry in entries]
        return len(entries) if sum(jobs) == 30 else 0

    assert 1 <= wait(told) < 30  # one a second, and a slow machine needs some for thirty requests


@pytest.mark.usefixtures("users")
def test_a_token_is_good_for_pages_too(stranger: TestClient, worker: Headers) -> None:
    assert 200 == stranger.get("/dashboard/tasks", headers={**JSON, **worker}).status_code
    assert 401 == stranger.get("/dashboard/tasks", headers={**JSON, "Authorization": "Bearer x"}).status_code


@pytest.mark.usefixtures("users")
def test_users_get_tokens_of_their_role(client: TestClient, backend: StoreBackend) -> None:
    job = backend.insert_job({}, handler="email")
    tokens = {
        name: client.post("/login", json={"username": name, "password": PASSWORD}).json()["access_token"]
        for name in ("ada", "bob", "will")
    }

    answers = {
        name: (
            client.post("/retry", json={"job_id": job}, headers={"Authorization": f"Bearer {token}"}).status_code,
            client.post("/cancel", json={"job_id": 9}, headers={"Authorization": f"Bearer {token}"}).status_code,
        )
        for name, token in tokens.items()
    }

    assert {"ada": (200, 404), "bob": (403, 403), "will": (200, 403)} == answers


@pytest.mark.usefixtures("users")
def test_wrong_passwords_are_refused_and_guessing_is_slowed(client: TestClient) -> None:
    wrong = {"username": "ada", "password": "wrong horse battery"}
    answers = [client.post("/login", json=wrong) for _ in range(6)]

    assert (401, {"detail": "Invalid credentials"}) == (answers[0].status_code, answers[0].json())
    assert 429 == answers[-1].status_code
    assert answers[-1].headers["retry-after"].isdigit()


@pytest.mark.parametrize("body", [{}, {"username": "ada"}, {"username": ["ada"], "password": {}}, {"password": ""}])
def test_a_login_without_name_or_password_is_told_so(client: TestClient, body: dict[str, object]) -> None:
    answer = client.post("/login", json=body)

    assert (400, {"detail": "Missing username or password"}) == (answer.status_code, answer.json())


@pytest.mark.stores("sqlite", "redis")
def test_schedules_have_pages_and_periodic_jobs_are_jobs(client: TestClient, backend: StoreBackend) -> None:
    schedules = Schedules(backend)
    schedules.add(JobSchedule(id="nightly", cron="0 3 * * *", options=JobOptions(handler="email")))
    backend.insert_job({}, handler="email", interval_seconds=60)
    schedules.run_now("nightly")

    rows = client.get("/dashboard/tasks", headers=JSON).json()["page"]["rows"]
    (schedule,) = client.get("/dashboard/schedules", headers=JSON).json()["schedules"]

    assert [["schedule nightly"], ["periodic"]] == [row["tags"] for row in rows]
    assert ("nightly", "0 3 * * *", "email") == (schedule["id"], schedule["trigger"], schedule["task"])
    assert 200 == client.get("/dashboard/schedules/nightly").status_code


def test_what_waits_for_others_says_so_and_periodic_jobs_have_no_schedule(
    client: TestClient, backend: StoreBackend
) -> None:
    first = backend.insert_job({}, handler="email", interval_seconds=60)
    parts = backend.insert_jobs([1, 2], handler="email")
    backend.insert_job({}, handler="email", depends_on=parts)

    rows = client.get("/dashboard/tasks", headers=JSON).json()["page"]["rows"]

    assert f"waits for {parts[0]}, {parts[1]}" == rows[0]["wait_reason"]
    page = client.get(f"/dashboard/tasks/{first}")
    assert 200 == page.status_code
    assert "schedules/interval" not in page.text


def test_a_queue_that_nobody_serves_comes_with_the_command_and_who_waits_for_others_needs_none(
    client: TestClient, backend: StoreBackend
) -> None:
    first = backend.insert_job({}, handler="email", queue="mail & more")
    backend.insert_job({}, handler="email", depends_on=[first])

    page = client.get("/dashboard/queues").text

    assert "<code>taskmq run-worker --queues &#39;mail &amp; more&#39;</code>" in page
    assert 1 == page.count("No worker serves")


def test_what_is_not_there_leaves_no_empty_labels(client: TestClient, backend: StoreBackend, start: Run) -> None:
    job_id = backend.insert_job({}, handler="email", queue="mail")
    start()

    assert "No users yet" in client.get("/dashboard/users").text
    summary = client.get(f"/dashboard/tasks/{job_id}?tab=summary").text
    assert "<dt>Created</dt>" in summary
    assert "<dt>Ran</dt>" not in summary
    registry = client.get("/dashboard/registry").text
    assert "Known to" in registry
    assert "Description" not in registry


def test_a_schedule_is_paused_on_its_page(client: TestClient, backend: StoreBackend) -> None:
    Schedules(backend).add(JobSchedule(id="nightly", cron="0 3 * * *"))

    order = {"target": "nightly", "confirmed": "yes"}
    answer = client.post("/dashboard/actions/pause-schedule", data=order, follow_redirects=False)

    assert answer.status_code < 400, answer.text
    assert Schedules(backend).get("nightly").paused


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/dashboard/")

    assert 200 == answer.status_code
    assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
    assert "https://" not in answer.text
