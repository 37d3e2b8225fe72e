"""``/monitor/metrics``: the names that dashboards rely on, and the counts of all processes."""

import re
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from taskmq.jobs.handlers import register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

pytestmark = pytest.mark.stores("sqlite")

Headers = dict[str, str]
JOB = {"payload": {}, "handler": "dummy"}
DOCUMENTED = """
# TYPE taskmq_jobs_total counter
taskmq_jobs_total{status="success"}
taskmq_jobs_total{status="failed"}
# TYPE taskmq_job_duration_seconds histogram
taskmq_job_duration_seconds_bucket{le="0.1"}
taskmq_job_duration_seconds_count
taskmq_job_duration_seconds_sum
jobs_processed_total
job_retries_total
job_failures_total
queue_depth
task_duration_seconds_count
queue_jobs_total
queue_jobs_failed_total
queue_jobs_retried_total
queue_processing_duration_seconds_count
taskcore_build_info
taskcore_queue_depth
process_cpu_seconds_total
""".strip().splitlines()


def number(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found is not None, f"{name} is missing"
    return float(found[1])


def test_the_documented_address_answers_at_once_and_without_a_token(client: TestClient) -> None:
    for path in ("/monitor/metrics", "/monitor/metrics/"):
        answer = client.get(path, follow_redirects=False)

        assert 200 == answer.status_code
        assert "text/plain; version=0.0.4; charset=utf-8" == answer.headers["content-type"]


def test_openmetrics_is_given_to_those_who_ask(client: TestClient) -> None:
    answer = client.get("/monitor/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_all_documented_names_are_there_before_the_first_job_has_run(client: TestClient, backend: StoreBackend) -> None:
    backend.insert_job({})

    lines = client.get("/monitor/metrics").text.splitlines()

    assert [] == [name for name in DOCUMENTED if not any(line.startswith(name) for line in lines)]


@pytest.mark.usefixtures("quick_retries")
def test_what_workers_did_is_counted_where_the_api_is_asked(
    client: TestClient, backend: StoreBackend, drain: Callable[..., Worker]
) -> None:
    register_handler("broken")(lambda job: 1 / 0)
    backend.insert_job({}, handler="dummy")
    backend.insert_job({}, handler="dummy")
    backend.insert_job({}, handler="broken", retry_policy="none")

    drain()

    text = client.get("/monitor/metrics").text
    assert 2 == number(text, 'taskmq_jobs_total{status="success"}')
    assert 1 == number(text, 'taskmq_jobs_total{status="failed"}')
    assert 3 == number(text, "taskmq_job_duration_seconds_count")
    assert 1 == number(text, "job_failures_total")
    name = 'taskcore_tasks_total{outcome="succeeded",queue="default",system="taskmq",task="dummy"}'
    assert 2 == number(text, name)


def test_what_the_api_was_asked_for_is_counted(client: TestClient, admin: Headers) -> None:
    for _ in range(3):
        client.post("/add-job", json=JOB, headers=admin)
    client.post("/cancel", json={"job_id": 1}, headers=admin)
    client.post("/retry", json={"job_id": 1}, headers=admin)
    client.post("/cancel", json={"job_id": 99}, headers=admin)

    text = client.get("/monitor/metrics").text

    wanted = {"queue_jobs_total": 3, "queue_jobs_failed_total": 1, "queue_jobs_retried_total": 1, "queue_depth": 3}
    assert wanted == {name: number(text, name) for name in wanted}


def test_requests_are_counted_by_route(client: TestClient, admin: Headers) -> None:
    client.get("/job/17", headers=admin)

    text = client.get("/monitor/metrics").text

    labels = 'method="GET",route="/job/{job_id}",status="404",system="taskmq"'
    assert 1 == number(text, f"taskcore_http_requests_total{{{labels}}}")


def test_nothing_of_a_payload_is_in_the_metrics(client: TestClient, admin: Headers) -> None:
    client.post("/add-job", json={"payload": "a secret", "handler": "dummy"}, headers=admin)

    assert "a secret" not in client.get("/monitor/metrics").text
