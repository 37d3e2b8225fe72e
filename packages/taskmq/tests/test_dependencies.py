"""Jobs that begin once others have succeeded."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from taskcore.engine.leader import Leader
from taskcore.errors import InvalidInput
from taskcore.ids import WorkerId
from taskcore.models import TaskRecord
from taskcore.ports import TaskStore
from taskmq import leading
from taskmq.bridge import bridge
from taskmq.job import Job, JobStatus
from taskmq.queues import Queues
from taskmq.service import JobFilter, Service
from taskmq.storage import dependencies
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import WAITING, task_id
from taskmq.worker import Worker

Drain = Callable[..., Worker]
Wait = Callable[..., Any]


def job(backend: StoreBackend, job_id: int) -> Job:
    found = backend.get_job(job_id)
    assert found is not None
    return found


def look(backend: StoreBackend) -> int:
    return bridge.run(dependencies.release(cast(dependencies.MovingStore, backend.store)))


def test_a_job_waits_until_all_others_have_succeeded(backend: StoreBackend) -> None:
    one, two = backend.insert_jobs([1, 2])
    last = backend.insert_job(3, depends_on=[one, two], queue="reports")

    backend.update_status(one, JobStatus.SUCCESS)
    assert 0 == look(backend)
    waiting = job(backend, last)
    assert ("waiting", JobStatus.PENDING, (one, two)) == (waiting.state, waiting.status, waiting.depends_on)
    assert "reports" == waiting.queue

    backend.update_status(two, JobStatus.SUCCESS)
    assert 1 == look(backend)
    assert ("pending", "reports", 0) == ((released := job(backend, last)).state, released.queue, released.attempts)
    assert 0 == look(backend)


def test_one_worker_runs_a_chain_to_its_end_without_a_pause(backend: StoreBackend, drain: Drain) -> None:
    seen: list[int] = []
    first = backend.insert_job(0)
    ids = [first]
    for number in range(1, 6):
        ids.append(backend.insert_job(number, depends_on=[ids[-1]]))
    last = backend.insert_job("last", depends_on=ids)

    begun = asyncio.run(_timed(lambda: drain(func=lambda each: seen.append(each.id))))

    assert [*ids, last] == seen
    assert begun < 5, "the end of each job should let the next one begin"


@pytest.fixture
def led_by_another(backend: StoreBackend) -> None:
    """Whoever looks after waiting jobs is gone, and nobody takes its place for as long as a test lasts."""
    leader = Leader(cast(leading.LedStore, backend.store), leading.NAME, WorkerId("gone"), timedelta(minutes=1))
    bridge.run(leader.tick())
    assert leader.leads


@pytest.mark.usefixtures("led_by_another")
def test_a_worker_lets_go_on_what_waited_for_a_job_that_others_followed(backend: StoreBackend, drain: Drain) -> None:
    first, second = backend.insert_jobs([1, 2])
    third = backend.insert_job(3, depends_on=[first])
    seen: list[int] = []

    drain(func=lambda each: seen.append(each.id))

    assert [first, second, third] == seen


@pytest.mark.usefixtures("led_by_another")
def test_a_worker_lets_go_on_what_waited_for_a_job_of_long_ago(backend: StoreBackend, drain: Drain) -> None:
    first = backend.insert_job(1)
    second = backend.insert_job(2, depends_on=[first])
    backend.update_status(first, JobStatus.SUCCESS)

    drain(func=lambda each: each.payload)

    assert JobStatus.SUCCESS is job(backend, second).status


async def _timed(call: Callable[[], object]) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.to_thread(call)
    return loop.time() - begun


def test_another_worker_is_let_go_on_within_a_second_or_two(backend: StoreBackend, start: Drain, wait: Wait) -> None:
    first = backend.insert_job(1, queue="here")
    second = backend.insert_job(2, queue="there", depends_on=[first])
    start(func=lambda each: each.payload, queues=["there"])
    start(func=lambda each: each.payload, queues=["here"])

    wait(lambda: job(backend, second).status is JobStatus.SUCCESS, within=20)


def test_what_others_returned_can_be_read(backend: StoreBackend, drain: Drain) -> None:
    def add(each: Job) -> object:
        return each.payload if not each.depends_on else sum(backend.results(each.depends_on).values())

    one, two = backend.insert_jobs([20, 22])
    total = backend.insert_job(None, depends_on=[one, two])

    drain(func=add)

    assert 42 == job(backend, total).return_value


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda backend, each: backend.move_to_dlq(each, "no"), "is dead"),
        (lambda backend, each: Service(backend).cancel(each), "was cancelled"),
        (lambda backend, each: backend.delete_job(each), "is gone"),
    ],
)
def test_when_one_of_them_fails_it_is_cancelled_and_says_why(
    backend: StoreBackend, end: Callable[[StoreBackend, int], object], words: str
) -> None:
    first = backend.insert_job(1)
    second = backend.insert_job(2, depends_on=[first])
    third = backend.insert_job(3, depends_on=[second])
    end(backend, first)

    look(backend)

    found = job(backend, second)
    reason = f"Job {first}, on which this one depends, {words}"
    assert ("cancelled", JobStatus.FAILED, reason) == (found.state, found.status, found.error_log)
    assert f"Job {second}, on which this one depends, was cancelled" == job(backend, third).error_log
    assert ["Queued", reason] == [line.message for line in Service(backend).timeline(second)]


@pytest.mark.stores("sqlite")
def test_a_long_chain_is_cancelled_to_its_end_in_one_look(
    backend: StoreBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "PAGE", 40)
    first = backend.insert_job(0)
    chain = [first]
    for number in range(100):
        chain.append(backend.insert_job(number, depends_on=[chain[-1]]))
    backend.move_to_dlq(first)

    pages = _counting_pages(monkeypatch)
    bridge.run(dependencies.release(cast(dependencies.MovingStore, backend.store), {first}))

    assert {"cancelled"} == {job(backend, each).state for each in chain[1:]}
    assert len(pages) <= 4, "each job must not read all that wait anew"


def _counting_pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    pages: list[int] = []
    waiting = dependencies._waiting

    async def counted(store: TaskStore) -> AsyncIterator[Sequence[TaskRecord]]:
        async for page in waiting(store):
            pages.append(len(page))
            yield page

    monkeypatch.setattr(dependencies, "_waiting", counted)
    return pages


def test_it_runs_all_the_same_where_that_was_asked_for(backend: StoreBackend) -> None:
    first, second = backend.insert_jobs([1, 2])
    clean_up = backend.insert_job(3, depends_on=[first, second], on_dependency_failure="run")
    backend.move_to_dlq(first)
    assert 0 == look(backend)

    backend.update_status(second, JobStatus.SUCCESS)

    assert 1 == look(backend)
    assert "pending" == job(backend, clean_up).state


def test_a_retry_of_what_was_cancelled_waits_again(backend: StoreBackend) -> None:
    first = backend.insert_job(1)
    second = backend.insert_job(2, depends_on=[first])
    backend.move_to_dlq(first)
    look(backend)
    Service(backend).retry(first)
    Service(backend).retry(second)
    assert ("waiting", 0) == (job(backend, second).state, look(backend))

    backend.update_status(first, JobStatus.SUCCESS)

    assert 1 == look(backend)


def test_an_instant_is_waited_for_too(backend: StoreBackend) -> None:
    first = backend.insert_job(1)
    at = datetime.now(UTC) + timedelta(hours=1)
    second = backend.insert_job(2, depends_on=[first], scheduled_for=at)
    backend.update_status(first, JobStatus.SUCCESS)

    look(backend)

    assert ("scheduled", at) == ((found := job(backend, second)).state, found.scheduled_for)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([99], "names job 99, which is not there"),
        ([0], "list of up to 100 ids"),
        (["1"], "list of up to 100 ids"),
        (7, "list of up to 100 ids"),
        ([True], "list of up to 100 ids"),
        (list(range(1, 200)), "list of up to 100 ids"),
        ([10**30], "is not there"),
    ],
)
def test_what_would_wait_for_ever_is_refused(backend: StoreBackend, given: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        backend.insert_job({}, depends_on=given)
    assert [] == backend.find_jobs()


def test_a_periodic_job_is_never_over_and_not_waited_for(backend: StoreBackend) -> None:
    periodic = backend.insert_job(1, interval_seconds=5)

    with pytest.raises(InvalidInput, match="periodic and never over"):
        backend.insert_job(2, depends_on=[periodic])
    with pytest.raises(InvalidInput, match="on_dependency_failure must be one of cancel, run"):
        backend.insert_job(2, depends_on=[periodic], on_dependency_failure="panic")
    with pytest.raises(InvalidInput, match="where jobs wait for others"):
        backend.insert_job(2, queue=WAITING)


def test_waiting_jobs_are_listed_and_cancelled(backend: StoreBackend) -> None:
    first = backend.insert_job(1)
    second = backend.insert_job(2, depends_on=[first])
    service = Service(backend)

    assert [second] == [each.id for each in service.list(JobFilter(state="waiting")).items]
    service.cancel(second)

    assert ("cancelled", "Cancelled by admin") == ((found := job(backend, second)).state, found.error_log)


def test_a_copy_of_a_waiting_job_waits_too(backend: StoreBackend) -> None:
    first = backend.insert_job(1)
    second = backend.insert_job(2, depends_on=[first])

    assert "waiting" == job(backend, Service(backend).replay(second)).state


def test_a_process_that_dies_while_it_cancels_leaves_the_job_to_the_next(backend: StoreBackend, wait: Wait) -> None:
    first = backend.insert_job(1)
    second = backend.insert_job(2, depends_on=[first])
    backend.move_to_dlq(first)
    bridge.run(backend.store.take(task_id(second), WorkerId("dependencies"), timedelta(milliseconds=20)))

    def taken_back() -> bool:
        backend.requeue_expired_locks()
        return job(backend, second).status is JobStatus.PENDING

    wait(taken_back)
    look(backend)

    assert "cancelled" == job(backend, second).state


def test_many_waiting_jobs_are_released_in_pages(backend: StoreBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "PAGE", 4)
    first, never = backend.insert_jobs([1, 2])
    waiting = [backend.insert_job(3, depends_on=[first if number % 2 else never]) for number in range(10)]
    backend.update_status(first, JobStatus.SUCCESS)

    assert 5 == look(backend)
    assert waiting[::2] == [each.id for each in backend.find_jobs(oldest_first=True) if each.state == "waiting"]


def test_no_worker_is_missing_where_jobs_wait(backend: StoreBackend) -> None:
    first = backend.insert_job(1)
    backend.insert_job(2, depends_on=[first], queue="reports")

    waiting, default = Queues(backend).all()

    assert (WAITING, {"waiting": 1}, None, None) == (waiting.name, waiting.counts, waiting.workers, waiting.oldest_due)
    assert ("default", {"pending": 1}) == (default.name, default.counts)
