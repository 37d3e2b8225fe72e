"""Stopping jobs that run."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from taskcore.errors import IllegalMove
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.options import JobOptions
from taskmq.service import Cancellation, NotSupported, Service
from taskmq.storage.base import QueueBackend
from taskmq.worker import Worker

from packages.taskmq.tests import in_processes

Run = Callable[..., Worker]
Wait = Callable[..., Any]


@pytest.fixture
def service(backend: Any) -> Service:
    return Service(backend)


def begin(job: Job) -> None:
    """Leave a file in the folder that is the payload, as those in processes do."""
    if Path(str(job.payload)).is_dir():
        (Path(job.payload) / f"{job.id}.begun").touch()


def asks(job: Job) -> None:
    begin(job)
    while not job.cancelled:
        time.sleep(0.005)
    job.raise_if_cancelled()


async def sleeps(job: Job) -> None:
    begin(job)
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("function", "isolation"), [(asks, "thread"), (sleeps, "thread"), (in_processes.sleeps, "process")]
)
def test_a_running_job_ends_cancelled_within_a_second_or_so(
    service: Service, start: Run, wait: Wait, tmp_path: Path, function: Callable[[Job], Any], isolation: str
) -> None:
    # Given
    register_handler("slow", isolation=isolation)(function)
    job_id = service.add(str(tmp_path), JobOptions(handler="slow")).job_id
    start()
    wait((tmp_path / f"{job_id}.begun").exists)

    # When
    assert Cancellation.CANCELLING is service.cancel(job_id, running=True)

    # Then
    assert service.get(job_id).state in ("cancelling", "cancelled")
    wait(lambda: service.get(job_id).state == "cancelled", within=8.0)  # the next sign of life is in 10 s
    assert (JobStatus.FAILED, "Cancelled by admin") == ((job := service.get(job_id)).status, job.error_log)
    messages = [entry.message for entry in service.timeline(job_id)]
    assert ["Queued", "Job started", "Cancellation requested"] == messages[:3]
    assert "Cancelled by admin" == messages[-1]
    assert [] == list(service.list_dead())


def test_asking_twice_is_as_good_as_once(service: Service, start: Run, wait: Wait) -> None:
    asked = threading.Event()
    register_handler("deaf")(lambda job: asked.wait(30))
    job_id = service.add("x", JobOptions(handler="deaf")).job_id
    start()
    wait(lambda: service.get(job_id).status is JobStatus.RUNNING)

    assert [Cancellation.CANCELLING] * 2 == [service.cancel(job_id, running=True) for _ in range(2)]
    asked.set()

    assert 1 == [entry.message for entry in service.timeline(job_id)].count("Cancellation requested")


def test_a_periodic_job_that_is_cancelled_while_it_runs_never_runs_again(
    service: Service, start: Run, wait: Wait
) -> None:
    register_handler("tick")(sleeps)
    job_id = service.add("x", JobOptions(handler="tick", interval_seconds=1)).job_id
    start()
    wait(lambda: service.get(job_id).status is JobStatus.RUNNING)

    service.cancel(job_id, running=True)

    wait(lambda: service.get(job_id).state == "cancelled")


def test_one_that_ends_by_itself_before_it_hears_of_it_is_cancelled_at_its_next_run(
    service: Service, backend: Any, drain: Run
) -> None:
    # Given a job whose attempt fails after somebody wants it to stop
    seen: list[int] = []
    job_id = service.add("x", JobOptions(handler="tick", retry_policy="fixed", retry_delay=0)).job_id

    @register_handler("tick")
    def tick(job: Job) -> None:
        seen.append(job.id)
        service.cancel(job_id, running=True)
        raise ValueError("no")

    # When
    drain(poll_interval=0.01)
    drain(poll_interval=0.01)

    # Then
    assert ([job_id], "cancelled") == (seen, service.get(job_id).state)


def test_without_being_asked_for_a_running_job_is_left_alone(service: Service, backend: Any) -> None:
    job_id = service.add("x").job_id
    backend.fetch_job("w")

    with pytest.raises(IllegalMove, match="cannot cancel a task that is running"):
        service.cancel(job_id)
    assert "running" == service.get(job_id).state


def test_a_pending_job_is_cancelled_at_once_either_way(service: Service) -> None:
    job_id = service.add("x").job_id

    assert Cancellation.CANCELLED is service.cancel(job_id, running=True)
    with pytest.raises(IllegalMove, match="pending or running"):
        service.cancel(job_id, running=True)


def test_a_backend_of_somebody_else_cannot_stop_what_runs() -> None:
    foreign = create_autospec(QueueBackend, instance=True)
    foreign.get_job.return_value = Job(id=1, status=JobStatus.RUNNING, state="running")

    with pytest.raises(NotSupported, match="stopping a job that runs"):
        Service(foreign).cancel(1, running=True)
