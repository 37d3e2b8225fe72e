"""Dead jobs: found everywhere, replayed once, and told of in a file that nobody can forge."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from taskmq import worker as worker_module
from taskmq.errors import UniqueKeyTaken
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def a_dead_job(backend: StoreBackend, payload: object = "x", **terms: object) -> int:
    job_id = backend.insert_job(payload, **terms)  # type: ignore[arg-type]
    backend.move_to_dlq(job_id, "boom")
    return job_id


def test_dead_jobs_are_found_by_id_and_listed_newest_first(backend: StoreBackend) -> None:
    ids = [a_dead_job(backend) for _ in range(4)]

    assert (JobStatus.FAILED, "dead", "boom") == (
        the(backend, ids[0]).status,
        the(backend, ids[0]).state,
        the(backend, ids[0]).error_log,
    )
    assert list(reversed(ids)) == [job.id for job in backend.list_dead_jobs()]
    assert [ids[2], ids[1]] == [job.id for job in backend.list_dead_jobs(limit=2, offset=1)]
    assert [] == backend.list_dead_jobs(limit=0)
    assert [] == backend.list_dead_jobs(offset=9)


def test_burying_keeps_the_last_error_unless_another_is_given(backend: StoreBackend) -> None:
    job_id = backend.insert_job("x")
    backend.update_status(job_id, JobStatus.PENDING, 1, "first")

    backend.move_to_dlq(job_id)

    assert ("first", 1) == (the(backend, job_id).error_log, the(backend, job_id).retries)


def test_a_replayed_job_is_new_and_its_dead_one_is_gone(backend: StoreBackend) -> None:
    dead = a_dead_job(backend, {"a": 1}, handler="mail", priority=20, retry_policy="fixed", interval_seconds=60)

    new = backend.replay_dead_job(dead)

    assert new is not None
    job = the(backend, new)
    assert (JobStatus.PENDING, 0, None, {"a": 1}, "mail", 20, "fixed", 60) == (
        job.status,
        job.retries,
        job.error_log,
        job.payload,
        job.handler,
        job.priority,
        job.retry_policy,
        job.interval_seconds,
    )
    assert job.scheduled_for <= job.created_at
    assert backend.get_job(dead) is None
    assert backend.replay_dead_job(dead) is None


def test_only_dead_jobs_are_replayed_as_such(backend: StoreBackend) -> None:
    assert backend.replay_dead_job(backend.insert_job("x")) is None


def test_many_who_replay_one_job_make_one_new_job(backend: StoreBackend) -> None:
    dead = a_dead_job(backend)
    threads = [threading.Thread(target=backend.replay_dead_job, args=[dead]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(backend.find_jobs())


def test_a_retried_dead_job_keeps_its_id_and_leaves_the_list(backend: StoreBackend) -> None:
    dead = a_dead_job(backend)

    backend.update_status(dead, JobStatus.PENDING, the(backend, dead).retries + 1, "Retry requested")

    assert JobStatus.PENDING is the(backend, dead).status
    assert [] == backend.list_dead_jobs()


def test_each_given_up_job_is_one_line_that_cannot_be_forged(backend: StoreBackend, drain: Run, folder: Path) -> None:
    @register_handler("forger")
    def forger(job: Job) -> None:
        raise ValueError("no\n[2030-01-01] Job ID: 99, Payload: fake\x1b[2J")

    job_id = backend.insert_job("line\nbreak", handler="forger", retry_policy="none")
    long_one = backend.insert_job("y" * 50_000, handler="forger", retry_policy="none")
    drain()

    first, second = (folder / "failed_jobs.log").read_text().splitlines()
    assert f"Job ID: {job_id}, Payload: line\\nbreak, Retries: 1, Error: no\\n[2030-01-01]" in first
    assert "\x1b" not in first
    assert f"Job ID: {long_one}," in second
    assert len(second) < 3000


def test_the_failed_log_is_where_the_constant_says_and_its_trouble_is_nobody_elses(
    backend: StoreBackend, drain: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "FAILED_LOG_PATH", "missing/folder.log")
    job_id = backend.insert_job("x", retry_policy="none")

    drain()

    assert JobStatus.FAILED is the(backend, job_id).status
    assert not (folder / "failed_jobs.log").exists()


def test_a_job_with_the_key_of_a_replay_takes_the_place_of_no_dead_job(backend: StoreBackend) -> None:
    dead = a_dead_job(backend)
    backend.insert_job({}, idempotency_key=f"replay of {dead}, attempt {the(backend, dead).attempts}")

    with pytest.raises(UniqueKeyTaken, match=f"replay of {dead}"):
        backend.replay_dead_job(dead)

    assert [dead] == [job.id for job in backend.list_dead_jobs()]
