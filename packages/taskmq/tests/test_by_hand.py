"""A queue that is worked by hand, without a Worker and without claim tokens, as programs of the public release do."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.errors import IllegalMove
from taskmq.job import Job, JobStatus
from taskmq.storage import get_backend
from taskmq.storage.store_backend import StoreBackend


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def test_fetching_locks_the_job_for_this_worker(backend: StoreBackend) -> None:
    job_id = backend.insert_job("x")

    job = backend.fetch_job("worker1", lock_timeout=30)

    assert job is not None
    assert (job_id, JobStatus.RUNNING, "worker1") == (job.id, job.status, job.locked_by)
    assert job.lock_expires_at is not None
    assert timedelta(seconds=25) < job.lock_expires_at - datetime.now(UTC) <= timedelta(seconds=30)
    assert backend.fetch_job("worker2") is None


def test_the_highest_priority_comes_first_then_the_longest_due_then_the_oldest(backend: StoreBackend) -> None:
    ago = datetime.now(UTC) - timedelta(minutes=1)
    order = [("low", 0, None), ("low too", 0, None), ("longer due", 0, ago), ("urgent", 20, None), ("least", -5, None)]
    for name, priority, due in order:
        backend.insert_job(name, priority=priority, scheduled_for=due)

    fetched = [job.payload for _ in order if (job := backend.fetch_job("w"))]

    assert ["urgent", "longer due", "low", "low too", "least"] == fetched


@pytest.mark.parametrize("sweep", [True, False])
def test_a_lock_that_ran_out_makes_the_job_claimable_again(
    backend: StoreBackend, wait: Callable[..., Any], sweep: bool
) -> None:
    job_id = backend.insert_job("x")
    backend.fetch_job("worker1", lock_timeout=0.05)
    wait(lambda: (the(backend, job_id).lock_expires_at or datetime.now(UTC)) < datetime.now(UTC))

    if sweep:
        backend.requeue_expired_locks()
        assert (JobStatus.PENDING, None) == (the(backend, job_id).status, the(backend, job_id).locked_by)
    job = backend.fetch_job("worker2")

    assert job is not None
    assert (job_id, "worker2") == (job.id, job.locked_by)


def test_setting_a_job_running_keeps_its_lock(backend: StoreBackend) -> None:
    # Given a job as the public release's worker holds it: fetched, then set to RUNNING, and the worker dies
    job_id = backend.insert_job("x")
    backend.fetch_job("worker1", lock_timeout=0.02)
    backend.update_status(job_id, JobStatus.RUNNING, 0, None)
    locked_until = the(backend, job_id).lock_expires_at
    assert locked_until is not None
    time.sleep(max(0.0, (locked_until - datetime.now(UTC)).total_seconds()))  # the lock must run out

    backend.requeue_expired_locks()

    assert JobStatus.PENDING is the(backend, job_id).status


def test_a_result_is_stored_as_its_text(backend: StoreBackend) -> None:
    job_id = backend.insert_job("x")
    backend.fetch_job("w")

    backend.update_status(job_id, JobStatus.SUCCESS, 0, None, result={"processed": True}, handler_hash="abc")

    job = the(backend, job_id)
    assert (JobStatus.SUCCESS, "{'processed': True}", {"processed": True}, "abc", None) == (
        job.status,
        job.result,
        job.return_value,
        job.handler_hash,
        job.locked_by,
    )


@pytest.mark.parametrize("before", list(JobStatus))
@pytest.mark.parametrize("after", list(JobStatus))
def test_any_status_may_follow_any_other(backend: StoreBackend, before: JobStatus, after: JobStatus) -> None:
    job_id = backend.insert_job("x")
    backend.update_status(job_id, before)

    backend.update_status(job_id, after, error_log="why" if after is JobStatus.FAILED else None)

    assert after is the(backend, job_id).status


@pytest.mark.parametrize(("status", "retries"), [(JobStatus.PENDING, 1), (JobStatus.FAILED, 2), (JobStatus.PENDING, 3)])
def test_retries_and_error_are_as_they_were_told(backend: StoreBackend, status: JobStatus, retries: int) -> None:
    job_id = backend.insert_job("x")
    backend.fetch_job("w")

    backend.update_status(job_id, status, retries, "boom")

    assert (status, retries, "boom") == (
        the(backend, job_id).status,
        the(backend, job_id).retries,
        the(backend, job_id).error_log,
    )


def test_a_retry_by_hand_keeps_the_scheduled_time(backend: StoreBackend) -> None:
    due = datetime.now(UTC) + timedelta(hours=1)
    job_id = backend.insert_job("x", scheduled_for=due)

    backend.update_status(job_id, JobStatus.PENDING, 1, "Retry requested")

    assert abs(the(backend, job_id).scheduled_for - due) < timedelta(seconds=5)


def test_ids_that_do_not_exist_are_ignored(backend: StoreBackend) -> None:
    backend.update_status(99, JobStatus.SUCCESS)
    backend.move_to_dlq(99, "gone")
    backend.add_log(99, "INFO", "nobody")

    assert backend.get_job(99) is None
    assert backend.get_job(10**30) is None
    assert backend.replay_dead_job(99) is None
    assert [] == backend.get_logs(99)
    assert [] == backend.find_jobs()


def test_cancelling_is_for_pending_jobs_only(backend: StoreBackend) -> None:
    pending, running = backend.insert_job("a", priority=-1), backend.insert_job("b")
    backend.fetch_job("w")

    backend.update_status(pending, JobStatus.FAILED, 0, "Cancelled by admin")
    with pytest.raises(IllegalMove):
        backend.update_status(running, JobStatus.FAILED, 0, "Cancelled by admin")

    assert (JobStatus.FAILED, "Cancelled by admin") == (the(backend, pending).status, the(backend, pending).error_log)
    assert JobStatus.RUNNING is the(backend, running).status
    assert [] == backend.list_dead_jobs()
    assert backend.fetch_job("w") is None


def test_a_periodic_job_that_succeeded_by_hand_is_rescheduled(backend: StoreBackend) -> None:
    job_id = backend.insert_job("tick", interval_seconds=60)
    first = the(backend, job_id).scheduled_for
    backend.update_status(job_id, JobStatus.SUCCESS, result="ok")
    assert JobStatus.SUCCESS is the(backend, job_id).status

    backend.reschedule_periodic_jobs()

    job = the(backend, job_id)
    assert (JobStatus.PENDING, first + timedelta(seconds=60), 0) == (job.status, job.scheduled_for, job.retries)
    assert backend.fetch_job("w") is None


def test_the_depth_counts_pending_jobs_and_later_ones(backend: StoreBackend) -> None:
    backend.insert_jobs(["a", "b"])
    backend.insert_job("c", scheduled_for=datetime.now(UTC) + timedelta(hours=1))
    backend.fetch_job("w")

    assert 2 == backend.get_queue_depth()


def test_log_lines_are_found_by_job_and_by_handler(backend: StoreBackend) -> None:
    mail, other = backend.insert_job("a", handler="mail"), backend.insert_job("b", handler="other")
    for number in range(3):
        backend.add_log(mail, "INFO", f"mail {number}", "mail")
    backend.add_log(other, "ERROR", "other")

    def messages(**wanted: object) -> list[str]:
        return [line["message"] for line in backend.get_logs(**wanted)]  # type: ignore[arg-type]

    assert ["mail 0", "mail 1", "mail 2"] == messages(job_id=mail)
    assert ["other"] == messages(handler="other")
    assert ["mail 2", "other"] == messages(limit=2)
    assert [] == messages(job_id=mail, handler="other")
    assert [] == messages(job_id=mail, limit=0)
    (line,) = backend.get_logs(other)
    assert {"job_id": other, "handler": "other", "level": "ERROR", "message": "other"}.items() <= line.items()
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


def test_eight_threads_never_fetch_the_same_job(backend: StoreBackend) -> None:
    # Given
    backend.insert_jobs(list(range(150)))
    fetched: list[int] = []

    # When
    def work(name: str) -> None:
        own = get_backend()
        while job := own.fetch_job(name):
            fetched.append(job.id)
        own.close()

    threads = [threading.Thread(target=work, args=[f"w{number}"]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Then
    assert list(range(1, 151)) == sorted(fetched)
