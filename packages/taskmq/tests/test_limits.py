"""What handlers are registered with that counts for all workers together."""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Any
from unittest.mock import create_autospec

import pytest
from taskcore.models import TaskRecord
from taskmq.api.dashboard import source_of
from taskmq.bridge import bridge
from taskmq.cli.documents import job_document
from taskmq.job import Job, JobStatus
from taskmq.jobs.admission import JobAdmission
from taskmq.jobs.handlers import HANDLER_OPTIONS, register_handler
from taskmq.options import JobOptions
from taskmq.service import Service
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]


def done(backend: StoreBackend, ids: Sequence[int]) -> bool:
    return all((job := backend.get_job(job_id)) and job.status is JobStatus.SUCCESS for job_id in ids)


def test_a_handlers_jobs_share_its_slots_in_all_workers(backend: StoreBackend, start: Run, wait: Wait) -> None:
    inside, most, lock, met = 0, 0, Lock(), Event()

    @register_handler("slow", concurrency=2)
    def slow(job: Job) -> None:
        nonlocal inside, most
        with lock:
            inside, most = inside + 1, max(most, inside + 1)
            if most == 2:
                met.set()
        met.wait(30)  # until two have met
        time.sleep(0.02)  # so that a third one would meet them
        with lock:
            inside -= 1

    ids = backend.insert_jobs(list(range(10)), handler="slow")
    start(max_workers=3)
    start(max_workers=3)

    wait(lambda: done(backend, ids))
    assert 2 == most


def test_a_jobs_own_key_goes_before_its_handlers(backend: StoreBackend) -> None:
    register_handler("slow", concurrency=2)(print)
    own = backend.insert_job("x", handler="slow", concurrency_key="mine", concurrency_limit=5)
    handlers = backend.insert_job("x", handler="slow")

    (first, second) = (backend.fetch_job("w"), backend.fetch_job("w"))

    assert {own, handlers} == {job.id for job in (first, second) if job is not None}


def test_a_job_that_was_put_where_its_handler_is_unknown_is_said_to_count_for_nothing(
    backend: StoreBackend, drain: Run, caplog: pytest.LogCaptureFixture
) -> None:
    backend.insert_jobs(["x"] * 3, handler="slow")
    register_handler("slow", concurrency=2)(lambda job: None)

    with caplog.at_level(logging.WARNING, "taskmq.worker"):
        drain()

    (warning,) = [each for each in caplog.messages if "counts for no limit" in each]
    assert "import the handler's module there, too" in warning


def test_jobs_over_the_rate_wait_in_the_queue_and_hold_up_nobody(backend: StoreBackend, start: Run, wait: Wait) -> None:
    # Given more jobs than begin in an hour, and one of another handler behind them
    began: list[int] = []
    register_handler("paced", rate_limit="3/h")(lambda job: began.append(job.id))
    register_handler("other")(lambda job: None)
    ids = backend.insert_jobs(list(range(6)), handler="paced", priority=5)
    other = backend.insert_job("x", handler="other")

    # When
    start(max_workers=1)
    start(max_workers=1)

    # Then it does not wait for them
    wait(lambda: done(backend, [other]))
    wait(lambda: 3 == len(began))
    waiting = [job for job in map(backend.get_job, ids) if job is not None and job.state == "scheduled"]
    assert [("waits for its turn: paced begins at most 3 per 3600 s", None)] * 3 == [
        (job.note, job.error_log) for job in waiting
    ]


def test_jobs_over_the_rate_begin_in_their_turn(backend: StoreBackend, start: Run, wait: Wait) -> None:
    # Given more jobs than begin in a second
    began: list[float] = []
    register_handler("paced", rate_limit="3/s")(lambda job: began.append(time.monotonic()))
    ids = backend.insert_jobs(list(range(6)), handler="paced")

    # When
    before = time.monotonic()
    start(max_workers=1)
    start(max_workers=1)

    # Then it takes the second that the rate is about
    wait(lambda: done(backend, ids))
    assert 6 == len(began)
    assert min(began[3:]) - before > 0.99
    last = [entry.message for entry in Service(backend).timeline(ids[-1])]
    assert ["Queued", "Job waits for its turn: paced begins at most 3 per 1 s"] == last[:2]
    assert ["Job started", "Job finished successfully"] == last[-2:]


def test_a_job_that_waits_for_its_turn_is_cancelled_like_any_other(backend: StoreBackend, drain: Run) -> None:
    register_handler("paced", rate_limit="1/h")(lambda job: None)
    first, second = backend.insert_jobs(["a", "b"], handler="paced")

    drain()
    assert ("success", "scheduled") == tuple(str(job and job.state) for job in map(backend.get_job, (first, second)))

    Service(backend).cancel(second)
    assert "cancelled" == Service(backend).get(second).state


def test_being_held_back_is_no_try(backend: StoreBackend, drain: Run) -> None:
    # Given a job that ran, and two that were held back, of which one was cancelled then
    register_handler("paced", rate_limit="1/h")(lambda job: None)
    ids = backend.insert_jobs(["ran", "waits", "was cancelled"], handler="paced", max_retries=2)
    drain()
    Service(backend).cancel(ids[2])

    # When
    jobs = [Service(backend).get(job_id) for job_id in ids]
    documents = [job_document(job) for job in jobs]
    reading = source_of(backend, "").tasks
    assert reading is not None
    rows = [row for job_id in ids if (row := bridge.run(reading.get(str(job_id)))) is not None]

    # Then only the first one was tried, and took some time
    assert [1, 1, 1] == [job.attempts for job in jobs]
    assert [(1, False), (0, True), (0, True)] == [(each["attempts"], each["duration_ms"] is None) for each in documents]
    assert [(1, False), (0, True), (0, True)] == [(each.row.attempt, each.row.duration is None) for each in rows]


async def test_a_rate_that_the_backend_cannot_keep_is_said(caplog: pytest.LogCaptureFixture) -> None:
    register_handler("paced", rate_limit="1/h")(print)
    task = create_autospec(TaskRecord, instance=True)
    task.name, task.concurrency_key = "paced", None

    with caplog.at_level(logging.WARNING, "taskmq.worker"):
        assert {} == await JobAdmission(object()).waits([task, task])

    assert ["handler 'paced' begins as often as it likes: the backend cannot keep 1 per 3600 s"] == caplog.messages


def test_a_replayed_job_keeps_the_slots_it_shares(backend: StoreBackend) -> None:
    register_handler("slow", concurrency=1)(print)
    job_id = Service(backend).add("x", JobOptions(handler="slow")).job_id
    backend.move_to_dlq(job_id, "boom")
    HANDLER_OPTIONS.pop("slow")

    again = backend.replay_dead_job(job_id)
    register_handler("slow", concurrency=1)(print)
    other = backend.insert_job("x", handler="slow")

    assert [again, None] == [job and job.id for job in (backend.fetch_job("w"), backend.fetch_job("w"))]
    assert other != again
