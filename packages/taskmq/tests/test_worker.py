"""The worker: what handlers are given, what becomes of what they return and raise, and how it stops."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from taskcore.errors import InvalidInput
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import HANDLERS, get_handler_hash, register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def test_a_documented_handler_gets_a_dict_and_its_result_is_text(backend: StoreBackend, drain: Run) -> None:
    @register_handler("mail")
    def mail(job: Job) -> dict[str, object]:
        return {"processed": True, "to": job.payload.get("to")}

    job_id = backend.insert_job({"to": "a@b.c"}, handler="mail")
    drain()

    job = the(backend, job_id)
    assert (JobStatus.SUCCESS, "{'processed': True, 'to': 'a@b.c'}", None) == (job.status, job.result, job.error_log)
    assert get_handler_hash("mail") == job.handler_hash


@pytest.mark.parametrize(
    ("returned", "result"), [(None, None), ("text", "text"), (5, "5"), ([1, (2,)], "[1, (2,)]"), (float("nan"), "nan")]
)
def test_the_result_is_the_text_of_whatever_is_returned(
    backend: StoreBackend, drain: Run, returned: object, result: str | None
) -> None:
    job_id = backend.insert_job("x")
    drain(func=lambda job: returned)

    assert (JobStatus.SUCCESS, result) == (the(backend, job_id).status, the(backend, job_id).result)


def test_the_job_knows_who_runs_it(backend: StoreBackend, drain: Run) -> None:
    seen: list[Job] = []
    job_id = backend.insert_job("x", priority=7)

    drain(func=seen.append, worker_id="me")

    (job,) = seen
    assert (job_id, JobStatus.RUNNING, "me", 7, "x") == (job.id, job.status, job.locked_by, job.priority, job.payload)
    assert job.lock_expires_at is not None
    assert datetime.now(UTC) < job.lock_expires_at


def test_coroutine_handlers_of_every_kind_are_awaited(backend: StoreBackend, drain: Run) -> None:
    async def coroutine(job: Job) -> str:
        await asyncio.sleep(0)
        return f"async {job.payload}"

    class Awaited:
        async def __call__(self, job: Job) -> str:
            return await coroutine(job)

    HANDLERS.update({"function": coroutine, "object": Awaited(), "plain": lambda job: coroutine(job)})
    ids = [backend.insert_job(name, handler=name) for name in ("function", "object", "plain")]
    drain()

    assert ["async function", "async object", "async plain"] == [the(backend, job_id).result for job_id in ids]


def test_coroutine_handlers_share_a_loop_and_run_together(backend: StoreBackend, drain: Run) -> None:
    # Given two handlers that can only end together
    arrived: list[asyncio.AbstractEventLoop] = []
    both = asyncio.Event()

    async def meet(job: Job) -> None:
        arrived.append(asyncio.get_running_loop())
        if len(arrived) == 2:
            both.set()
        await both.wait()

    backend.insert_jobs(["a", "b"])
    drain(func=meet, max_workers=2)

    assert 2 == len(arrived)
    assert arrived[0] is arrived[1]


def test_handlers_are_looked_up_when_the_job_runs(backend: StoreBackend, start: Run, wait: Wait) -> None:
    start()
    register_handler("late")(lambda job: "first")
    first = backend.insert_job("x", handler="late")
    wait(lambda: the(backend, first).status is JobStatus.SUCCESS)

    HANDLERS["late"] = lambda job: "second"
    second = backend.insert_job("x", handler="late")
    wait(lambda: the(backend, second).status is JobStatus.SUCCESS)

    assert ["first", "second"] == [the(backend, first).result, the(backend, second).result]


@pytest.mark.parametrize(
    ("handler", "says"),
    [("gone", "Unknown handler: gone"), (None, "No handler specified for job and no default func provided.")],
)
def test_a_job_that_nobody_can_run_fails_with_the_reason(
    backend: StoreBackend, drain: Run, handler: str | None, says: str
) -> None:
    job_id = backend.insert_job("x", handler=handler, retry_policy="none")
    drain()

    assert (JobStatus.FAILED, says) == (the(backend, job_id).status, the(backend, job_id).error_log)


def test_an_unknown_handler_does_not_fall_back_to_func(backend: StoreBackend, drain: Run) -> None:
    job_id = backend.insert_job("x", handler="gone", retry_policy="none")
    drain(func=lambda job: "wrong")

    assert "Unknown handler: gone" == the(backend, job_id).error_log


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
@pytest.mark.parametrize("is_async", [True, False])
def test_what_a_handler_raises_ends_its_own_job_only(
    backend: StoreBackend, drain: Run, raised: BaseException, is_async: bool
) -> None:
    def plain(job: Job) -> None:
        raise raised

    async def coroutine(job: Job) -> None:
        raise raised

    HANDLERS["bad"] = coroutine if is_async else plain
    bad = backend.insert_job("x", handler="bad", retry_policy="none", priority=10)
    good = backend.insert_job("x")
    drain(func=lambda job: "fine")

    assert (JobStatus.FAILED, type(raised).__name__) == (the(backend, bad).status, the(backend, bad).error_type)
    assert JobStatus.SUCCESS is the(backend, good).status


def test_a_handler_that_exits_is_retried_and_dies_at_last(
    backend: StoreBackend, start: Run, wait: Wait, quick_retries: None
) -> None:
    job_id = backend.insert_job("x", retry_policy="fixed")
    start(func=lambda job: sys.exit(3))

    wait(lambda: the(backend, job_id).status is JobStatus.FAILED)

    assert (3, 2, "3") == (the(backend, job_id).attempts, the(backend, job_id).retries, the(backend, job_id).error_log)


def test_handlers_tell_how_far_they_are_and_leave_lines(backend: StoreBackend, drain: Run) -> None:
    def work(job: Job) -> None:
        job.progress(0.5, "half way")
        job.log("a line", level="WARNING")
        assert not job.cancelled

    job_id = backend.insert_job("x")
    drain(func=work)

    assert (0.5, "half way") == (the(backend, job_id).fraction, the(backend, job_id).note)
    assert ["Job started", "a line", "Job finished successfully"] == [
        line["message"] for line in backend.get_logs(job_id)
    ]


def test_a_job_outside_of_a_worker_can_be_handed_to_a_handler() -> None:
    job = Job(1)

    job.progress(0.5)
    job.log("nobody hears it")

    assert not job.cancelled


def test_the_history_is_told_in_the_words_of_the_public_release(
    backend: StoreBackend, start: Run, wait: Wait, quick_retries: None
) -> None:
    runs: list[int] = []

    def fail_once(job: Job) -> str:
        runs.append(job.retries)
        if len(runs) == 1:
            raise ValueError("boom")
        return "ok"

    register_handler("flaky")(fail_once)
    job_id = backend.insert_job("x", handler="flaky", retry_policy="fixed")
    start()
    wait(lambda: the(backend, job_id).status is JobStatus.SUCCESS)

    expected = [
        ("INFO", "Job started"),
        ("ERROR", "Job failed: boom"),
        ("WARNING", "Job scheduled for retry (1/3)"),
        ("INFO", "Job started"),
        ("INFO", "Job finished successfully"),
    ]
    assert expected == [(line["level"], line["message"]) for line in backend.get_logs(job_id)]
    assert expected == [(line["level"], line["message"]) for line in backend.get_logs(handler="flaky")]
    assert expected[3:] == [(line["level"], line["message"]) for line in backend.get_logs(job_id, limit=2)]
    assert [0, 1] == runs


def test_more_jobs_than_slots_stay_in_the_queue_and_urgent_ones_overtake(
    backend: StoreBackend, start: Run, wait: Wait
) -> None:
    # Given two slots, both busy, and ten jobs that wait
    order: list[object] = []
    go_on = threading.Semaphore(0)

    def work(job: Job) -> None:
        order.append(job.payload)
        go_on.acquire(timeout=30)

    backend.insert_jobs([f"low {number}" for number in range(12)])
    worker = start(func=work, max_workers=2)
    wait(lambda: len(order) == 2)

    # When something urgent comes
    backend.insert_job("urgent", priority=20)
    assert 2 == worker.active_jobs
    assert 11 == backend.get_queue_depth()
    go_on.release(2)
    wait(lambda: len(order) == 4)

    # Then it is among the next two
    assert "urgent" in order[2:4]
    go_on.release(20)
    wait(lambda: backend.get_queue_depth() == 0)


def test_one_worker_runs_one_job_at_a_time(backend: StoreBackend, drain: Run) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(job: Job) -> None:
        inside.append(job.id)
        most.append(len(inside))
        inside.remove(job.id)

    backend.insert_jobs(list(range(50)))
    drain(func=work)

    assert 1 == max(most)


def test_a_lock_is_renewed_while_its_job_runs(backend: StoreBackend, start: Run, wait: Wait) -> None:
    # Given a job that takes long, and a second worker that would like to have it
    started: list[int] = []
    lock_timeout = 3.0  # A busy machine may hold up a heartbeat, which is due every second, for a good part of it.
    done = threading.Event()

    def work(job: Job) -> None:
        started.append(job.id)
        done.wait(60)

    job_id = backend.insert_job("x")
    start(func=work, lock_timeout=lock_timeout)
    start(func=work, lock_timeout=lock_timeout)

    def locked_until() -> datetime | None:
        return the(backend, job_id).lock_expires_at

    # When it was renewed more often than once
    for _ in range(2):
        before = wait(locked_until)
        wait(lambda before=before: (now := locked_until()) and now > before)
    done.set()
    wait(lambda: the(backend, job_id).status is JobStatus.SUCCESS)

    # Then
    assert [job_id] == started


def test_stopping_gives_back_at_once_what_has_not_begun(backend: StoreBackend, start: Run, wait: Wait) -> None:
    started = threading.Event()
    go_on = threading.Event()

    def work(job: Job) -> str:
        started.set()
        go_on.wait(30)
        return "done"

    ids = backend.insert_jobs(list(range(20)))
    worker = start(func=work)
    assert started.wait(30)

    worker.stop()
    worker.stop()
    go_on.set()
    wait(lambda: worker.active_jobs == 0)

    assert JobStatus.SUCCESS is the(backend, ids[0]).status
    assert {(JobStatus.PENDING, 0)} == {(job.status, job.retries) for job in map(backend.get_job, ids[1:]) if job}


def test_a_handler_that_outlives_the_grace_goes_back_to_the_queue(
    backend: StoreBackend, start: Run, wait: Wait
) -> None:
    started = threading.Event()

    async def endless(job: Job) -> None:
        started.set()
        await asyncio.sleep(60)

    job_id = backend.insert_job("x")
    worker = start(func=endless, grace=0.05)
    assert started.wait(30)

    worker.stop()
    wait(lambda: worker.active_jobs == 0)

    assert (JobStatus.PENDING, 0) == (the(backend, job_id).status, the(backend, job_id).retries)
    assert "Job given back to the queue" == backend.get_logs(job_id)[-1]["message"]


def test_a_worker_starts_again_after_it_was_stopped(backend: StoreBackend) -> None:
    worker = Worker(func=lambda job: "ok", backend=backend, poll_interval=0.02)
    for _ in range(2):
        job_id = backend.insert_job("x")
        assert 1 == worker.start(until_idle=True).succeeded
        worker.stop()
        assert JobStatus.SUCCESS is the(backend, job_id).status


def test_a_stop_that_comes_before_the_start_is_not_forgotten(backend: StoreBackend) -> None:
    job_id = backend.insert_job("x")
    worker = Worker(func=lambda job: None, backend=backend)

    worker.stop()
    worker.start()

    assert JobStatus.PENDING is the(backend, job_id).status


def test_a_running_worker_cannot_be_started_twice(backend: StoreBackend, start: Run, wait: Wait) -> None:
    release = threading.Event()
    backend.insert_job("x")
    worker = start(func=lambda job: release.wait(30))
    wait(lambda: worker.active_jobs == 1)

    with pytest.raises(InvalidInput, match="running already"):
        worker.start()
    release.set()


@pytest.mark.parametrize("max_retries", [0, 1])
def test_no_retries_and_one_attempt_are_the_same(backend: StoreBackend, drain: Run, max_retries: int) -> None:
    job_id = backend.insert_job("x", handler="gone")
    drain(max_retries=max_retries)

    assert (JobStatus.FAILED, 0, 1) == (
        the(backend, job_id).status,
        the(backend, job_id).retries,
        the(backend, job_id).attempts,
    )


@pytest.mark.stores("sqlite")
def test_signals_belong_to_the_program_again_when_the_worker_has_ended(backend: StoreBackend, drain: Run) -> None:
    def of_the_program(number: int, frame: object) -> None:
        """Stop something else."""

    during: list[object] = []
    backend.insert_job("x")
    before = signal.signal(signal.SIGTERM, of_the_program)
    try:
        drain(func=lambda job: during.append(signal.getsignal(signal.SIGTERM)))

        assert of_the_program is signal.getsignal(signal.SIGTERM)
        assert [of_the_program] != during
    finally:
        signal.signal(signal.SIGTERM, before)
