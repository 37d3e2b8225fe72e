"""What a worker calls beside its handlers."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from taskmq import hook_calls
from taskmq.hooks import CallNext, Hooks
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

from packages.taskmq.tests import in_processes

Run = Callable[..., Worker]
Wait = Callable[..., Any]
pytestmark = pytest.mark.stores("sqlite")  # nothing here depends on where jobs are kept, but for what says so


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def test_resources_are_opened_before_the_first_job_and_closed_after_the_last(
    backend: StoreBackend, drain: Run, hooks: Hooks
) -> None:
    seen: list[Any] = []

    @hooks.on_startup
    def settings() -> None:
        seen.append("plain startup")

    @hooks.on_startup
    async def connect() -> None:
        seen.append(asyncio.get_running_loop())

    @hooks.on_shutdown
    async def disconnect() -> None:
        seen.append(asyncio.get_running_loop())

    @hooks.on_shutdown
    def farewell() -> None:
        seen.append("plain shutdown")

    @register_handler("ask")
    async def ask(job: Job) -> None:
        seen.append(asyncio.get_running_loop())

    backend.insert_job("x", handler="ask")
    drain()

    first, loop, same, again, last = seen
    assert ("plain startup", "plain shutdown") == (first, last)
    assert loop is same is again


@pytest.mark.parametrize("coroutine", [True, False])
def test_a_startup_that_fails_keeps_the_worker_from_starting(
    backend: StoreBackend, drain: Run, coroutine: bool
) -> None:
    hooks = Hooks()

    async def connect() -> None:
        raise ConnectionError("no database")

    def connect_plainly() -> None:
        raise ConnectionError("no database")

    hooks.on_startup(connect if coroutine else connect_plainly)
    job_id = backend.insert_job("x", handler="dummy")

    with pytest.raises(ConnectionError, match="no database"):
        drain(hooks=hooks)
    assert (JobStatus.PENDING, 0) == (the(backend, job_id).status, the(backend, job_id).attempts)


def test_a_worker_with_hooks_of_its_own_leaves_those_of_the_process_alone(
    backend: StoreBackend, drain: Run, hooks: Hooks
) -> None:
    seen: list[str] = []
    hooks.on_startup(lambda: seen.append("of the process"))
    own = Hooks()
    own.on_startup(lambda: seen.append("its own"))

    drain(hooks=own)

    assert ["its own"] == seen


async def outer(job: Job, call_next: CallNext) -> str:
    return f"outer({await call_next(job)})"


def inner(job: Job, call_next: CallNext) -> str:
    return f"inner({call_next(job)})"


async def in_coroutine(job: Job) -> str:
    return "done"


def in_thread(job: Job) -> str:
    return "done"


@pytest.mark.parametrize(
    ("function", "isolation", "result"),
    [
        (in_coroutine, "thread", "outer(outer(done))"),
        (in_thread, "thread", "outer(outer(inner(done)))"),
        (lambda job: in_coroutine(job), "thread", None),
        (in_processes.twice, "process", None),
    ],
)
def test_middlewares_are_around_handlers_of_every_kind(
    backend: StoreBackend,
    drain: Run,
    hooks: Hooks,
    function: Callable[[Job], Any],
    isolation: str,
    result: str | None,
) -> None:
    for middleware in (outer, inner, outer) if result else (outer, outer):
        hooks.middleware(middleware)
    register_handler("any", isolation=isolation)(function)
    job_id = backend.insert_job(21, handler="any")

    drain()

    expected = result or ("outer(outer(42))" if isolation == "process" else "outer(outer(done))")
    assert expected == the(backend, job_id).result


def test_what_a_middleware_raises_or_returns_is_the_jobs(backend: StoreBackend, drain: Run, hooks: Hooks) -> None:
    called: list[Job] = []

    @hooks.middleware
    def guard(job: Job, call_next: CallNext) -> Any:
        if job.payload == "forbidden":
            raise PermissionError("not for you")
        return "cached" if job.payload == "known" else call_next(job)

    forbidden, known, new = (
        backend.insert_job(payload, retry_policy="none") for payload in ("forbidden", "known", "new")
    )
    drain(func=called.append)

    assert ("dead", "not for you") == ((job := the(backend, forbidden)).state, job.error_log)
    assert "cached" == the(backend, known).result
    assert [new] == [job.id for job in called]


@pytest.mark.stores("sqlite", "redis")
@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("coroutine", [True, False])
def test_hooks_hear_what_became_of_jobs_once_that_is_stored(
    backend: StoreBackend, drain: Run, hooks: Hooks, coroutine: bool
) -> None:
    heard: list[tuple[str, int, str, str | None, Any]] = []

    def listener(word: str) -> Callable[[Job], Any]:
        def hear(job: Job) -> None:
            stored = the(backend, job.id)
            assert stored.attempts > job.attempts or stored.state == job.state
            heard.append((word, job.id, job.state, job.error_log, job.return_value))

        async def hear_in_loop(job: Job) -> None:
            await asyncio.to_thread(hear, job)

        return hear_in_loop if coroutine else hear

    hooks.on_success(listener("success"))
    hooks.on_failure(listener("failure"))
    hooks.on_retry(listener("retry"))
    hooks.on_dead(listener("dead"))

    @register_handler("work")
    def work(job: Job) -> str:
        if job.payload == "bad" or not job.retries:
            raise ValueError("no")
        return "yes"

    good = backend.insert_job("good", handler="work", retry_policy="fixed")
    bad = backend.insert_job("bad", handler="work", retry_policy="none", priority=1)
    drain()
    while the(backend, good).status is JobStatus.PENDING:
        drain()

    assert [
        ("failure", bad, "dead", "no", None),
        ("dead", bad, "dead", "no", None),
        ("failure", good, "retrying", "no", None),
        ("retry", good, "retrying", "no", None),
        ("success", good, "success", None, "yes"),
    ] == heard


def test_a_hook_that_fails_loses_no_job_and_keeps_no_other_hook_from_hearing(
    backend: StoreBackend, drain: Run, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    @hooks.on_success
    def broken(job: Job) -> None:
        raise RuntimeError("out of order")

    hooks.on_success(lambda job: heard.append(job.id))
    hooks.on_shutdown(broken)
    ids = backend.insert_jobs(["x"] * 3)

    with caplog.at_level(logging.ERROR, "taskmq.worker"):
        drain(func=lambda job: None)

    assert ids == heard
    assert all(the(backend, job_id).status is JobStatus.SUCCESS for job_id in ids)
    assert 4 == sum("broken failed" in message for message in caplog.messages)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
@pytest.mark.parametrize("coroutine", [True, False])
def test_a_hook_that_exits_does_not_take_the_worker_along(
    backend: StoreBackend, drain: Run, hooks: Hooks, error: BaseException, coroutine: bool
) -> None:
    def leave(job: Job) -> None:
        raise error

    async def leave_loop(job: Job) -> None:
        raise error

    hooks.on_success(leave_loop if coroutine else leave)
    ids = backend.insert_jobs(["x"] * 3)

    drain(func=in_coroutine)

    assert {JobStatus.SUCCESS} == {the(backend, job_id).status for job_id in ids}


def test_a_hook_that_hangs_keeps_no_worker_from_ending(
    backend: StoreBackend, drain: Run, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_calls, "PATIENCE", 0.05)
    released = threading.Event()
    hooks.on_success(lambda job: released.wait(30))
    job_id = backend.insert_job("x")

    begun = time.monotonic()
    drain(func=lambda job: None)

    assert JobStatus.SUCCESS is the(backend, job_id).status
    assert time.monotonic() - begun < 20  # of the 30 s for which the hook hangs
    released.set()


def test_a_shutdown_that_hangs_keeps_no_worker_from_ending_and_is_named(
    backend: StoreBackend, drain: Run, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hook_calls, "LEAST", 0.05)
    released, ended = threading.Event(), list[str]()
    hooks.on_shutdown(lambda: ended.append("the first that was registered comes last"))

    @hooks.on_shutdown
    def flush() -> None:
        released.wait(30)
        ended.append("flushed")

    with caplog.at_level(logging.WARNING, "taskmq.worker"):
        drain(grace=0.05)

    assert ["the first that was registered comes last"] == ended
    assert 1 == sum("flush hangs: the worker ends without it" in message for message in caplog.messages)
    released.set()
