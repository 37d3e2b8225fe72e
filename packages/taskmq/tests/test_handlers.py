"""What a handler is registered with, and how that meets what jobs and workers say."""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.errors import InvalidInput
from taskmq.errors import NoRetry, RetryLater
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import HANDLERS, get_handler_options, register_handler
from taskmq.storage.base import QueueBackend
from taskmq.worker import Worker

from packages.taskmq.tests import in_processes

Run = Callable[..., Worker]

ONE_STORE = pytest.mark.stores("sqlite")  # where jobs are kept makes no difference to processes, which take their time


def the(backend: QueueBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def test_registering_returns_the_function_itself_whatever_is_asked_for(registry: None) -> None:
    def mail(job: Job) -> None: ...

    assert mail is register_handler("mail", timeout=5, max_retries=2, concurrency=1, rate_limit="10/m")(mail)
    assert 5 == get_handler_options("mail").timeout.total_seconds()  # type: ignore[union-attr]


def test_what_was_registered_before_does_not_shine_through() -> None:
    register_handler("mail", max_retries=7)(print)
    register_handler("mail")(print)

    assert get_handler_options("mail").max_retries is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeout": 0}, "timeout must be a number of seconds above 0"),
        ({"timeout": "soon"}, "timeout must be a number of seconds"),
        ({"isolation": "container"}, "isolation must be thread or process, got 'container'"),
        ({"max_retries": -1}, "max_retries must be a whole number from 0 to 1,000"),
        ({"jitter": 1.5}, "jitter must be a number from 0 to 1"),
        ({"retry_on": ValueError}, "retry_on must be a tuple of exception classes"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1"),
        ({"rate_limit": "often"}, "a rate is written like"),
        ({"result_ttl": -1}, "result_ttl must be a number of seconds above 0"),
    ],
)
def test_nonsense_is_refused_where_it_is_written(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        register_handler("mail", **options)
    assert "mail" not in HANDLERS


def failing(error: BaseException) -> Callable[[Job], None]:
    def fail(job: Job) -> None:
        raise error

    return fail


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize(
    ("registered", "put", "error", "attempts"),
    [
        pytest.param({}, {}, ValueError("x"), 2, id="the worker's number where nobody says more"),
        pytest.param({"max_retries": 4}, {}, ValueError("x"), 4, id="the handler's number before the worker's"),
        pytest.param({"max_retries": 4}, {"max_retries": 3}, ValueError("x"), 3, id="the job's before both"),
        pytest.param({"retry_on": (OSError,)}, {}, ValueError("x"), 1, id="another error than those to retry"),
        pytest.param({"retry_on": (OSError,)}, {}, ConnectionError("x"), 2, id="an error that is one of those"),
        pytest.param({"give_up_on": (ValueError,)}, {}, ValueError("x"), 1, id="an error to give up on"),
        pytest.param({"max_retries": 9}, {}, NoRetry("x"), 1, id="a handler that knows it is pointless"),
        pytest.param({}, {}, RetryLater(0, "x"), 2, id="a handler that asks for another attempt"),
    ],
)
def test_how_often_a_job_is_tried(
    backend: Any, registered: dict[str, Any], put: dict[str, Any], error: BaseException, attempts: int
) -> None:
    register_handler("mail", **registered)(failing(error))
    job_id = backend.insert_job("x", handler="mail", retry_policy="fixed", **put)

    Worker(backend=backend, max_retries=2, poll_interval=0.01).start(until_idle=True)
    while the(backend, job_id).status is JobStatus.PENDING:
        Worker(backend=backend, max_retries=2, poll_interval=0.01).start(until_idle=True)

    assert (attempts, "dead", "x") == ((job := the(backend, job_id)).attempts, job.state, job.error_log)


@ONE_STORE
def test_jobs_that_failed_together_do_not_come_back_together(backend: Any, drain: Run) -> None:
    register_handler("mail", jitter=0.5)(failing(ValueError("the server is down")))
    ids = backend.insert_jobs(range(20), handler="mail", retry_policy="fixed", retry_delay=1000)

    drain()

    waits = [the(backend, job_id).scheduled_for - datetime.now(UTC) for job_id in ids]
    assert all(timedelta(seconds=450) < wait <= timedelta(seconds=1000) for wait in waits)
    assert max(waits) - min(waits) > timedelta(seconds=50)  # of 500 s; less is a chance of 1 in 10^17


def test_a_handler_says_itself_when_it_wants_to_be_called_again(backend: Any, drain: Run) -> None:
    register_handler("mail")(failing(RetryLater(50, "the server is busy")))
    job_id = backend.insert_job("x", handler="mail")

    drain()

    job = the(backend, job_id)
    assert ("retrying", "the server is busy") == (job.state, job.error_log)
    assert 20 < (job.scheduled_for - datetime.now(UTC)).total_seconds() <= 50


@ONE_STORE
def test_a_handler_in_a_process_has_a_job_like_any_other(backend: Any, drain: Run) -> None:
    register_handler("pid", isolation="process")(in_processes.pid)
    register_handler("twice", isolation="process")(in_processes.twice)
    where, number = backend.insert_job("x", handler="pid"), backend.insert_job(21, handler="twice")

    drain()

    job = the(backend, where)
    assert (JobStatus.SUCCESS, 0.5, "half") == (job.status, job.fraction, job.note)
    assert job.return_value != os.getpid()
    assert "from a child" in [line["message"] for line in backend.get_logs(job_id=where)]
    assert 42 == the(backend, number).return_value


@ONE_STORE
def test_what_a_process_raises_decides_as_it_does_anywhere(backend: Any, drain: Run) -> None:
    ids = []
    for function in (in_processes.gives_up, in_processes.asks_again, in_processes.dies):
        register_handler(function.__name__, isolation="process", max_retries=1)(function)
        ids.append(backend.insert_job("x", handler=function.__name__, max_retries=5, retry_delay=50))

    drain()

    gave_up, asked, died = (the(backend, job_id) for job_id in ids)
    assert ("dead", "NoRetry", "pointless") == (gave_up.state, gave_up.error_type, gave_up.error_log)
    assert ("retrying", "not yet") == (asked.state, asked.error_log)
    assert ("retrying", "ChildDied") == (died.state, died.error_type)
    assert "exit code 3" in str(died.error_log)


def test_a_function_that_no_child_could_find_is_refused_where_it_is_registered() -> None:
    with pytest.raises(InvalidInput, match="'mail' is to run in a process of its own, which imports it by its name"):
        register_handler("mail", isolation="process")(lambda job: None)
    assert "mail" not in HANDLERS


def test_one_that_was_put_into_the_registry_by_hand_fails_once_with_the_reason(backend: Any, drain: Run) -> None:
    register_handler("mail", isolation="process")(in_processes.pid)
    HANDLERS["mail"] = lambda job: None
    job_id = backend.insert_job("x", handler="mail")

    drain()

    job = the(backend, job_id)
    assert ("dead", 1, "NotPortable") == (job.state, job.attempts, job.error_type)
    assert "define it at the top level of a module" in str(job.error_log)


def sleepless(job: Job) -> str:
    """Stop when asked to."""
    while True:
        job.raise_if_cancelled()
        time.sleep(0.005)


async def dreams(job: Job) -> None:
    await asyncio.sleep(60)


@ONE_STORE
@pytest.mark.parametrize(
    ("function", "isolation"), [(sleepless, "thread"), (dreams, "thread"), (in_processes.sleeps, "process")]
)
def test_a_job_over_its_time_is_stopped_and_tried_again(
    backend: Any, tmp_path: Any, drain: Run, function: Callable[[Job], Any], isolation: str
) -> None:
    register_handler("slow", isolation=isolation, timeout=0.2)(function)
    job_id = backend.insert_job(str(tmp_path), handler="slow", retry_delay=50)
    if isolation == "process":  # what a child imports for its first job counts as time of that job
        register_handler("first", isolation=isolation)(in_processes.twice)
        backend.insert_job(1, handler="first", priority=1)

    drain()

    job = the(backend, job_id)
    assert ("retrying", "TaskTimeout", 1) == (job.state, job.error_type, job.attempts)
    assert "ran longer than its limit" in backend.get_logs(job_id=job_id)[-2]["message"]
    if isolation == "process":
        assert (tmp_path / f"{job_id}.tidy").exists()


def test_a_jobs_own_limit_goes_before_its_handlers(backend: Any, drain: Run) -> None:
    register_handler("slow", timeout=60)(sleepless)
    job_id = backend.insert_job("x", handler="slow", timeout=timedelta(seconds=0.05), retry_policy="none")

    drain()

    assert ("dead", "TaskTimeout") == ((job := the(backend, job_id)).state, job.error_type)


def test_a_limit_that_is_no_reason_for_a_retry_is_none(backend: Any, drain: Run) -> None:
    register_handler("slow", timeout=0.05, retry_on=(OSError,), give_up_on=(TimeoutError,))(sleepless)
    job_id = backend.insert_job("x", handler="slow")

    drain()

    assert ("dead", 1) == ((job := the(backend, job_id)).state, job.attempts)
