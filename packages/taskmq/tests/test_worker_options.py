"""What a worker is made with can be read, set and refused."""

import os
from typing import Any

import pytest
from taskcore.errors import InvalidInput
from taskmq.storage.store_backend import StoreBackend
from taskmq.testing import drain
from taskmq.worker import Worker

pytestmark = pytest.mark.stores("sqlite")

PUBLISHED = {
    "func": print,
    "max_retries": 5,
    "poll_interval": 0.5,
    "max_workers": 3,
    "worker_id": "me",
    "lock_timeout": 9,
}


def test_what_it_was_made_with_can_be_read(backend: StoreBackend) -> None:
    worker = Worker(backend=backend, **PUBLISHED)  # type: ignore[arg-type]

    assert {"backend": backend, **PUBLISHED} == {name: getattr(worker, name) for name in ("backend", *PUBLISHED)}


def test_the_defaults_are_those_of_the_public_release(backend: StoreBackend) -> None:
    worker = Worker(backend=backend)

    assert (None, 3, 1.0, 1, 30) == (
        worker.func,
        worker.max_retries,
        worker.poll_interval,
        worker.max_workers,
        worker.lock_timeout,
    )


def test_what_is_set_afterwards_counts(backend: StoreBackend) -> None:
    for queue in ("mail", "other"):
        backend.insert_job(queue, queue=queue)
    seen: list[str] = []
    worker = Worker(lambda job: seen.append(job.payload), backend, queues=["other"])
    worker.queues, worker.worker_id = ["mail"], "renamed"

    worker.start(until_idle=True)

    assert ["mail"] == seen
    assert "renamed" == backend.find_jobs(oldest_first=True)[0].worker


def test_each_has_a_name_before_it_starts_and_keeps_it(backend: StoreBackend) -> None:
    first, second = Worker(print, backend), Worker(print, backend)
    name = first.worker_id
    job_id = backend.insert_job("x")

    first.start(until_idle=True)

    assert name == first.worker_id != second.worker_id
    job = backend.get_job(job_id)
    assert job is not None
    assert name == job.worker


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12, about the threads of this very test
def test_a_forked_one_has_a_name_of_its_own(backend: StoreBackend) -> None:
    worker = Worker(print, backend)
    name = worker.worker_id
    child = os.fork()
    if child == 0:
        try:
            worker.start(until_idle=True)
            os._exit(7 if worker.worker_id != name else 8)
        finally:
            os._exit(9)

    assert 7 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(
    "bad",
    [
        {"lock_timeout": 0},
        {"lock_timeout": -5},
        {"lock_timeout": 0.01},
        {"poll_interval": -1},
        {"grace": -1},
        {"max_jobs": 0},
        {"queues": []},
        {"queues": [5]},
        {"queues": "mail"},
        {"queues": ["default", "(waiting)"]},  # where jobs wait for others
    ],
)
def test_options_out_of_range_are_refused(backend: StoreBackend, bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Worker(backend=backend, **bad)


def test_what_is_refused_at_its_start_does_not_keep_it_from_another(backend: StoreBackend) -> None:
    worker = Worker(print, backend)
    worker.queues = "default"
    with pytest.raises(InvalidInput):
        worker.start(until_idle=True)

    worker.queues = ["default"]
    worker.start(until_idle=True)


def test_one_name_for_several_queues_is_refused_with_what_was_meant(backend: StoreBackend) -> None:
    with pytest.raises(InvalidInput, match=r"write \['mail'\]"):
        drain(backend, queues="mail")
