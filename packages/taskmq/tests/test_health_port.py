"""What a worker answers over HTTP."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from taskcore.errors import InvalidInput, StoreUnavailable
from taskmq.health_port import HealthPort
from taskmq.job import Job, JobStatus
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Start = Callable[..., Worker]
Wait = Callable[..., Any]


@pytest.fixture
def port() -> Iterator[HealthPort]:
    """Any free one, which listens already."""
    port = HealthPort(0)
    port.open()
    yield port
    port.close()


def asked(port: HealthPort, path: str) -> tuple[int, str]:
    """Status and body of what the worker answers."""
    url = port.url.removesuffix("/healthz") + path
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


def word(port: HealthPort, path: str) -> tuple[int, str]:
    status, body = asked(port, path)
    return status, json.loads(body)["status"]


def test_a_worker_that_works_says_so_and_shows_its_numbers(
    backend: StoreBackend, port: HealthPort, start: Start, wait: Wait
) -> None:
    job_id = backend.insert_job("x", handler="dummy")
    start(health=port)
    wait(lambda: (job := backend.get_job(job_id)) and job.status is JobStatus.SUCCESS)

    assert not port.url.endswith(":0/healthz")
    assert [(200, "ok")] * 3 == [word(port, path) for path in ("/livez", "/healthz", "/readyz")]
    status, metrics = asked(port, "/metrics")
    assert 200 == status
    assert 'taskcore_queue_depth{queue="default",state="succeeded",system="taskmq"} 1.0' in metrics
    assert 404 == asked(port, "/")[0]


def test_while_the_store_is_away_it_is_unhealthy_and_lives(
    backend: StoreBackend, port: HealthPort, start: Start, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise StoreUnavailable("redis://:secret@somewhere is not reachable")

    start(health=port)
    wait(lambda: word(port, "/healthz") == (200, "ok"))

    monkeypatch.setattr(backend.store, "check", away)
    wait(lambda: word(port, "/healthz") == (503, "unavailable"))
    assert (503, '{"status":"unavailable"}') == asked(port, "/readyz")
    assert (200, "ok") == word(port, "/livez")

    monkeypatch.undo()
    wait(lambda: word(port, "/healthz") == (200, "ok"))


@pytest.mark.stores("sqlite")
def test_a_worker_that_takes_no_more_jobs_is_healthy_and_not_ready(
    backend: StoreBackend, port: HealthPort, start: Start, wait: Wait
) -> None:
    waiting: list[Job] = []

    def until_told(job: Job) -> None:
        waiting.append(job)
        while not job.cancelled and waiting:
            time.sleep(0.005)

    backend.insert_job("x")
    worker = start(func=until_told, health=port)
    wait(lambda: waiting)

    worker.stop()

    wait(lambda: word(port, "/readyz") == (503, "draining"))
    assert (200, "ok") == word(port, "/healthz")
    waiting.clear()
    wait(lambda: worker.active_jobs == 0)


@pytest.mark.stores("sqlite")
def test_a_port_that_is_taken_is_named(backend: StoreBackend) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"cannot listen at 127.0.0.1:{port} for health"):
            Worker(backend=backend, health=HealthPort(port)).start(until_idle=True)
    with pytest.raises(InvalidInput, match="from 0 to 65,535, got 70000"):
        HealthPort(70_000)
