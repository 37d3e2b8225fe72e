"""How long jobs that are over are kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from unittest.mock import create_autospec

import pytest
from taskcore.errors import InvalidInput
from taskmq import worker as worker_module
from taskmq.bridge import bridge
from taskmq.job import JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.options import JobOptions
from taskmq.retention import keep_of, remove_old
from taskmq.service import JobFilter, NotSupported, Service
from taskmq.storage import dependencies
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]
NOW = timedelta(0)


@pytest.fixture
def service(backend: StoreBackend) -> Service:
    return Service(backend)


def states(service: Service) -> dict[int, str]:
    return {job.id: job.state for job in service.list(JobFilter()).items}


@pytest.fixture
def some_of_each(service: Service, drain: Run) -> dict[str, int]:
    """The ids of a job that succeeded, one that is dead, one that was cancelled, and one that waits."""

    def work(job: Any) -> None:
        if job.payload == "bad":
            raise ValueError("no")

    good, bad = (service.add(payload, JobOptions(retry_policy="none")).job_id for payload in ("good", "bad"))
    drain(func=work)
    cancelled, waits = service.add("x").job_id, service.add("x").job_id
    service.cancel(cancelled)
    return {"success": good, "dead": bad, "cancelled": cancelled, "pending": waits}


@pytest.mark.parametrize(
    ("word", "gone"),
    [
        ("success", {"success"}),
        ("dead", {"dead"}),
        ("cancelled", {"cancelled"}),
        ("failed", {"dead", "cancelled"}),
        (None, {"success", "dead", "cancelled"}),
    ],
)
def test_a_purge_removes_what_is_over_in_a_state(
    service: Service, some_of_each: dict[str, int], word: str | None, gone: set[str]
) -> None:
    assert 0 == service.purge(word, older_than=timedelta(hours=1))

    assert len(gone) == service.purge(word, older_than=NOW)

    assert {name: job_id for name, job_id in some_of_each.items() if name not in gone} == {
        name: job_id for name, job_id in some_of_each.items() if job_id in states(service)
    }


def test_a_purge_can_be_told_when_to_stop(service: Service, drain: Run) -> None:
    ids = [service.add("x").job_id for _ in range(5)]
    drain(func=lambda job: None)

    assert 2 == service.purge(older_than=NOW, most=2)
    assert 3 == len(states(service))
    assert 3 == service.purge(older_than=NOW)
    assert {} == states(service)
    assert ids


@pytest.mark.stores("sqlite")
def test_what_is_not_over_is_not_purged(service: Service) -> None:
    with pytest.raises(
        InvalidInput, match=r"only jobs that are over .* success, dead, cancelled, failed, got 'running'"
    ):
        service.purge("running", older_than=NOW)
    with pytest.raises(InvalidInput, match="must not be negative"):
        service.purge(older_than=timedelta(seconds=-1))
    with pytest.raises(NotSupported, match="purging jobs needs more"):
        Service(create_autospec(QueueBackend, instance=True)).purge(older_than=NOW)


@pytest.mark.parametrize(
    ("asked", "gone"),
    [({"result_ttl": 0.001}, {"success"}), ({"failure_ttl": 0.001}, {"dead", "cancelled"}), ({}, set())],
)
def test_a_worker_removes_what_is_kept_for_long_enough(
    service: Service,
    some_of_each: dict[str, int],
    start: Run,
    wait: Wait,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, float],
    gone: set[str],
) -> None:
    monkeypatch.setattr(worker_module, "RETENTION_INTERVAL", 0.02)
    start(queues=["other"], **asked)

    left = {job_id for name, job_id in some_of_each.items() if name not in gone}
    wait(lambda: left == states(service).keys())


def test_a_handlers_own_results_go_earlier(
    service: Service, start: Run, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "RETENTION_INTERVAL", 0.02)
    register_handler("brief", result_ttl=0.001)(lambda job: None)
    register_handler("plain")(lambda job: None)
    for name in ("brief", "plain", "brief"):
        service.add("x", JobOptions(handler=name))

    start()

    wait(lambda: {2: "success"} == states(service))


def test_results_are_kept_while_jobs_wait_for_others_beside_them(
    backend: StoreBackend, service: Service, start: Run, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "RETENTION_INTERVAL", 0.02)
    register_handler("part", result_ttl=0.001)(lambda job: None)
    part, slow = (service.add("x", JobOptions(handler="part", queue=queue)).job_id for queue in ("here", "there"))
    total = service.add("x", JobOptions(queue="there", depends_on=(part, slow))).job_id
    start(queues=["here"], result_ttl=0.001)
    wait(lambda: "success" == states(service)[part])
    assert 0 == bridge.run(remove_old(backend.store, keep_of(NOW, NOW)))
    assert "waiting" == states(service)[total]

    backend.update_status(slow, JobStatus.SUCCESS)
    bridge.run(dependencies.release(cast(dependencies.MovingStore, backend.store)))

    wait(lambda: {total: "pending"} == states(service))


@pytest.mark.stores("sqlite")
def test_a_job_that_others_wait_for_may_succeed_while_old_ones_are_removed(
    backend: StoreBackend, service: Service
) -> None:
    part = service.add("x").job_id
    service.add("x", JobOptions(depends_on=(part,)))

    begun = bridge.run(backend.store.now())
    since = bridge.run(dependencies.needed_since(backend.store))

    assert since is not None
    assert begun <= since <= bridge.run(backend.store.now())


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("asked", [{"result_ttl": 0}, {"failure_ttl": -1}])
def test_a_worker_that_would_keep_nothing_is_refused(backend: StoreBackend, asked: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="must be a number of seconds above 0"):
        Worker(backend=backend, **asked)  # type: ignore[arg-type]
