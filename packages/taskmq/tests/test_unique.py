"""Unique keys: one job with a key is pending or running at a time, whoever asks and however many."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from taskcore.errors import InvalidInput
from taskmq import bulk
from taskmq.bridge import bridge
from taskmq.errors import UniqueKeyTaken
from taskmq.job import Job, JobStatus
from taskmq.options import JobOptions
from taskmq.service import Inserted, JobFilter, Service
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Drain = Callable[..., Worker]


def ask(backend: StoreBackend, key: str = "k", **options: Any) -> Inserted:
    return Service(backend).add({}, JobOptions(unique_key=key, **options))


def test_while_a_job_is_pending_its_key_is_answered_with_it(backend: StoreBackend) -> None:
    first = ask(backend)

    assert (Inserted(1, True), Inserted(1, False)) == (first, ask(backend))
    assert Inserted(2, True) == ask(backend, "another")
    job = backend.get_job(1)
    assert job is not None
    assert "k" == job.unique_key


def test_while_a_job_runs_its_key_is_in_use_and_afterwards_it_is_free(backend: StoreBackend, drain: Drain) -> None:
    seen: list[Inserted] = []
    ask(backend)

    drain(func=lambda job: seen.append(ask(backend)))

    assert [Inserted(1, False)] == seen
    assert [Inserted(2, True), Inserted(2, False)] == [ask(backend), ask(backend)]


@pytest.mark.parametrize("status", [JobStatus.SUCCESS, JobStatus.FAILED])
def test_a_job_that_is_over_gives_its_key_away(backend: StoreBackend, status: JobStatus) -> None:
    first = ask(backend)
    backend.update_status(first.job_id, status)

    assert ask(backend).created


def test_a_job_that_waits_for_its_retry_keeps_its_key(backend: StoreBackend, drain: Drain) -> None:
    def fail(job: Job) -> None:
        raise ValueError("no")

    ask(backend, retry_delay=60)
    drain(func=fail)

    assert not ask(backend).created


def test_a_batch_stores_one_job_of_a_key(backend: StoreBackend) -> None:
    over = ask(backend, "over")
    backend.update_status(over.job_id, JobStatus.SUCCESS)
    ask(backend, "held")
    keys = ["a", None, "over", "a", "held", "over"]

    inserted = Service(backend).add_many([({}, JobOptions(unique_key=key)) for key in keys])

    assert [True, True, True, False, False, False] == [each.created for each in inserted]
    assert inserted[0].job_id == inserted[3].job_id
    assert inserted[2].job_id == inserted[5].job_id
    assert 2 == inserted[4].job_id


def test_a_key_without_a_job_is_free(backend: StoreBackend) -> None:
    backend.delete_job(ask(backend).job_id)

    assert ask(backend).created


def test_a_periodic_job_with_a_key_is_declared_again_and_again(backend: StoreBackend, drain: Drain) -> None:
    first = ask(backend, interval_seconds=3600)
    drain(func=lambda job: None)

    assert Inserted(first.job_id, False) == ask(backend, interval_seconds=3600)


def test_a_dead_job_is_retried_unless_its_key_is_anothers(backend: StoreBackend) -> None:
    service, first = Service(backend), ask(backend).job_id
    backend.move_to_dlq(first)
    service.retry(first)
    assert Inserted(first, False) == ask(backend)

    backend.move_to_dlq(first)
    second = ask(backend)
    with pytest.raises(UniqueKeyTaken, match="'k'"):
        service.retry(first)

    assert second.created
    assert JobStatus.FAILED is service.get(first).status


def test_a_dead_job_is_replayed_unless_its_key_is_anothers(backend: StoreBackend) -> None:
    service, first = Service(backend), ask(backend).job_id
    backend.move_to_dlq(first)
    second = ask(backend).job_id
    with pytest.raises(UniqueKeyTaken):
        service.replay_dead(first)
    with pytest.raises(UniqueKeyTaken):
        service.replay(first)
    assert [first] == [job.id for job in service.list_dead()]

    backend.update_status(second, JobStatus.SUCCESS)
    third = service.replay_dead(first)

    assert Inserted(third, False) == ask(backend)
    assert [] == service.list_dead()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unique_key": "k", "idempotency_key": "k"}, "leave one of them out"),
        ({"unique_key": ""}, "unique_key must be text"),
        ({"unique_key": "x" * 200}, "unique_key must be text"),
        ({"unique_key": "a\nb"}, "unique_key must be text"),
        ({"unique_key": 5}, "unique_key must be text"),
        ({"idempotency_key": "unique: k"}, "pass unique_key instead"),
    ],
)
def test_what_cannot_work_is_refused(backend: StoreBackend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        backend.insert_job({}, **options)


def test_threads_that_ask_at_once_store_one_job_at_a_time(backend: StoreBackend, start: Drain) -> None:
    running, overlaps, done = [0], list[int](), threading.Event()

    def work(job: Job) -> None:
        running[0] += 1
        overlaps.append(running[0])
        running[0] -= 1

    def hammer() -> None:
        while not done.is_set():
            created.append(ask(backend))

    created: list[Inserted] = []
    start(func=work, max_workers=4)
    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    done.wait(1.0)  # as many rounds as a second has
    done.set()
    for thread in threads:
        thread.join()

    new = [each.job_id for each in created if each.created]
    assert len(new) == len(set(new)) > 5
    assert {1} == set(overlaps)


PROGRAM = """
from taskmq.options import JobOptions
from taskmq.service import Service
from taskmq.storage import get_backend

service = Service(get_backend())
for number in range(20):
    print(*service.add({}, JobOptions(unique_key=f"k{number}")), flush=True)
"""


def test_processes_that_ask_at_once_store_one_job_of_each_key(backend: StoreBackend, folder: Path) -> None:
    for number in range(0, 20, 2):  # Half of the keys are a finished job's, which all of them find at the same time.
        backend.update_status(ask(backend, f"k{number}").job_id, JobStatus.SUCCESS)

    children = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=folder, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [child.communicate(timeout=60)[0].split() for child in children]

    assert [0, 0, 0] == [child.returncode for child in children]
    assert 20 == sum(each[1::2].count("True") for each in told)
    assert told[0][::2] == told[1][::2] == told[2][::2]


def test_a_job_that_expired_gives_its_key_away(backend: StoreBackend) -> None:
    ask(backend, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    bridge.run(backend.store.expire(10))

    assert ask(backend).created


def test_bulk_replays_and_retries_leave_jobs_alone_whose_key_is_anothers(backend: StoreBackend) -> None:
    dead = [ask(backend, key).job_id for key in ("free", "free too", "in use")]
    for job_id in dead:
        backend.move_to_dlq(job_id)
    held = ask(backend, "in use").job_id

    retried = bridge.run(bulk.act(backend.store, bulk.Deed.RETRY, bulk.Selection(ids=[dead[0], dead[2]])))
    replays = bridge.run(bulk.replay_dead(backend.store, bulk.Selection(matching=JobFilter())))

    in_use = {dead[2]: "another job has its unique key"}
    assert ([dead[0]], in_use) == ([int(record.id) for record in retried.done], retried.skipped)
    assert ([dead[1]], in_use) == ([int(record.id) for record, _ in replays.jobs], replays.skipped)
    assert [dead[2]] == [job.id for job in backend.list_dead_jobs()]
    assert held == ask(backend, "in use").job_id
