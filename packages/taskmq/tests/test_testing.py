"""The kit for tests of programs that use taskmq."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from taskcore.errors import InvalidInput
from taskmq import worker as worker_module
from taskmq.errors import JobFailed
from taskmq.job import Job
from taskmq.jobs.handlers import register_handler
from taskmq.options import JobOptions
from taskmq.queues import Queues
from taskmq.schedules import JobSchedule, Schedules
from taskmq.service import Service
from taskmq.storage import get_backend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.testing import FakeClock, Sandbox, captured_jobs, drain, eager, sandbox
from taskmq.worker import Worker

pytestmark = pytest.mark.stores("sqlite")


def sign_up(name: str) -> int:
    """What a program of somebody's does."""
    backend = SQLiteBackend("program.db")
    return backend.insert_job({"to": name}, handler="welcome", queue="mail")


@pytest.fixture
def mail() -> list[str]:
    """Where a handler sends mail to; it asks for another job."""
    sent: list[str] = []

    @register_handler("welcome")
    def welcome(job: Job) -> str:
        sent.append(job.payload["to"])
        get_backend().insert_job(job.payload["to"], handler="count")
        return "sent"

    @register_handler("count")
    async def count(job: Job) -> None:
        sent.append(f"{job.payload} counts")

    return sent


def test_what_is_asked_for_is_captured_and_nothing_is_stored(folder: Path) -> None:
    with captured_jobs() as jobs:
        ids = [sign_up("ada"), sign_up("bob")]

        assert ids == [job.id for job in jobs]
        assert [{"to": "ada"}, {"to": "bob"}] == [job.payload for job in jobs.of("welcome")]
        assert (2, "mail", "pending") == (len(jobs), jobs[0].queue, jobs[-1].state)

    assert [] == list(folder.iterdir())


def test_what_cannot_work_is_refused_while_captured_too(folder: Path) -> None:
    with captured_jobs() as jobs, pytest.raises(InvalidInput):
        SQLiteBackend().insert_job({}, priority="high")  # type: ignore[arg-type]

    assert [] == list(jobs)


def test_a_backend_that_was_there_before_is_itself_again_afterwards(backend: StoreBackend) -> None:
    with captured_jobs() as jobs:
        backend.insert_job("captured")

    assert 1 == len(jobs)
    assert [] == backend.find_jobs()


def test_eager_jobs_have_run_when_they_are_inserted_nested_ones_too(folder: Path, mail: list[str]) -> None:
    with eager() as place:
        job_id = sign_up("ada")

        assert ["ada", "ada counts"] == mail
        assert "sent" == SQLiteBackend("any.db").wait(job_id).return_value
        assert ["success", "success"] == [job.state for job in place.jobs]
    assert [] == list(folder.iterdir())


async def test_eager_jobs_run_where_a_loop_runs_too(folder: Path, mail: list[str]) -> None:
    await asyncio.sleep(0)
    with eager():
        sign_up("ada")

    assert ["ada", "ada counts"] == mail


def test_the_error_of_an_eager_job_is_seen(folder: Path) -> None:
    attempts: list[int] = []

    @register_handler("fail")
    def fail(job: Job) -> None:
        attempts.append(job.id)
        raise ValueError("no such customer")

    with eager() as place, pytest.raises(JobFailed, match="job 1 is dead: ValueError: no such customer"):
        place.insert_job({}, handler="fail")
    assert [1, 1, 1] == attempts
    with eager(raises=False, max_retries=1) as place:
        Service(place).add_many([({}, JobOptions(handler="fail"))] * 2)
        assert ["dead", "dead"] == [job.state for job in place.jobs]


def test_an_eager_job_that_is_held_back_is_not_waited_for(folder: Path) -> None:
    with eager() as place:
        Queues(place).pause("default")
        place.insert_job({}, handler="dummy")
        assert ["pending"] == [job.state for job in place.jobs]

        Queues(place).resume("default")
        place.run()
        assert ["success"] == [job.state for job in place.jobs]


def test_an_eager_job_that_asks_for_its_own_slot_runs_before_the_one_that_it_asked_for(folder: Path) -> None:
    ran: list[int] = []

    @register_handler("count", concurrency=1)
    def count(job: Job) -> None:
        if job.payload > 0:
            get_backend().insert_job(job.payload - 1, handler="count")
        ran.append(job.payload)

    with eager():
        SQLiteBackend().insert_job(2, handler="count")

    assert [2, 1, 0] == ran


def test_a_job_that_is_too_late_expires(folder: Path) -> None:
    with eager() as place, pytest.raises(JobFailed, match="job 1"):
        place.insert_job({}, handler="dummy", expires_at=place.clock.now() - timedelta(seconds=1))
    with sandbox() as place:
        Queues(place).pause("default")
        place.insert_job({}, handler="dummy", expires_at=place.clock.now() + timedelta(hours=1))

        place.advance(timedelta(hours=2))
        assert ["expired"] == [job.state for job in place.jobs]


def test_time_is_turned_by_hand(folder: Path) -> None:
    seen: list[tuple[str, datetime]] = []

    def note(job: Job) -> None:
        seen.append((job.payload, place.clock.now()))
        if job.payload == "flaky" and job.retries < 2:
            raise ValueError("try again")

    with sandbox(FakeClock(datetime(2026, 3, 2, 12, tzinfo=UTC)), func=note) as place:
        noon = place.clock.now()
        backend = SQLiteBackend()
        backend.insert_job("later", scheduled_for=noon + timedelta(hours=2))
        backend.insert_job("flaky")
        backend.insert_job("periodic", interval_seconds=3600)
        Schedules(backend).save(JobSchedule(id="tea", cron="30 16 * * *", zone="UTC", payload="tea"))

        place.advance(60)
        assert [("flaky", 0), ("periodic", 0), ("flaky", 2), ("flaky", 6)] == _in_seconds(seen, noon)
        assert "scheduled" == place.jobs[0].state

        seen.clear()
        place.advance(timedelta(hours=5))
        hourly = [("periodic", 3600 * hour) for hour in (1, 2, 3, 4, 5)]
        assert sorted([*hourly, ("later", 7200), ("tea", 16200)]) == sorted(_in_seconds(seen, noon))
        assert noon + timedelta(hours=5, seconds=60) == place.clock.now()


def _in_seconds(seen: list[tuple[str, datetime]], since: datetime) -> list[tuple[str, float]]:
    return [(what, (at - since).total_seconds()) for what, at in seen]


def remind(delay: timedelta) -> int:
    """What a program does that reads the time itself."""
    return SQLiteBackend("program.db").insert_job("x", handler="dummy", scheduled_for=datetime.now(UTC) + delay)


def test_a_program_that_reads_the_time_itself_is_in_time(folder: Path) -> None:
    with sandbox() as place:
        remind(timedelta(hours=1))

        place.advance(timedelta(minutes=59))
        assert ["scheduled"] == [job.state for job in place.jobs]
        place.advance(timedelta(minutes=2))
        assert ["success"] == [job.state for job in place.jobs]


def test_what_is_asked_for_now_is_due_at_once_where_jobs_are_eager(folder: Path) -> None:
    with eager() as place:
        remind(timedelta(0))
        remind(timedelta(hours=1))
        assert ["success", "scheduled"] == [job.state for job in place.jobs]

        place.advance(timedelta(hours=1))
        assert ["success", "success"] == [job.state for job in place.jobs]


def test_jobs_that_wait_for_others_run_in_a_sandbox(folder: Path) -> None:
    seen: list[str] = []
    with sandbox(func=lambda job: seen.append(job.payload)) as place:
        first = place.insert_job("first", scheduled_for=place.clock.now() + timedelta(days=1))
        place.insert_job("second", depends_on=[first], queue="other")
        place.run()
        assert [] == seen

        place.advance(timedelta(days=1))

    assert ["first", "second"] == seen


def test_too_many_instants_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskmq.testing.memory.MOST_INSTANTS", 3)
    with sandbox(func=lambda job: None) as place:
        place.insert_job({}, interval_seconds=1)
        with pytest.raises(InvalidInput, match="smaller steps"):
            place.advance(10)


@pytest.mark.stores("sqlite", "redis")
def test_any_backend_is_drained_without_a_file_beside_it(backend: StoreBackend, folder: Path) -> None:
    seen: list[str] = []
    backend.insert_job("one")
    backend.insert_job("two", queue="other")

    assert 2 == drain(backend, func=lambda job: seen.append(job.payload)).succeeded

    assert ["one", "two"] == sorted(seen)
    assert set() == {path.name for path in folder.iterdir()} - {"taskmq.db", "taskmq.db-shm", "taskmq.db-wal"}


def test_draining_in_two_threads_leaves_the_files_of_workers_where_they_were(folder: Path) -> None:
    # Given two that are under way at the same time
    before = worker_module.HEARTBEAT_PATH, worker_module.FAILED_LOG_PATH
    begun, go_on = threading.Barrier(3), [threading.Event(), threading.Event()]

    def work(job: Job) -> None:
        begun.wait(30)
        go_on[job.payload].wait(30)

    threads = []
    for number in (0, 1):
        place = Sandbox(func=work)
        place.insert_job(number)
        threads.append(threading.Thread(target=place.run))
        threads[-1].start()
    begun.wait(30)

    # When the first ends before the second
    for thread, event in zip(threads, go_on, strict=True):
        event.set()
        thread.join(30)

    # Then
    assert before == (worker_module.HEARTBEAT_PATH, worker_module.FAILED_LOG_PATH)
    assert [] == list(folder.iterdir())


def test_afterwards_workers_have_the_time_of_this_machine(backend: StoreBackend) -> None:
    with sandbox():
        pass

    job_id = backend.insert_job({})
    Worker(lambda job: None, backend=backend).start(until_idle=True)

    job = backend.get_job(job_id)
    assert job is not None
    assert job.finished_at is not None
    assert abs(datetime.now(UTC) - job.finished_at) < timedelta(minutes=1)
