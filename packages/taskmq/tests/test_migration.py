"""Moving a queue to another store: all of it, once, in whatever direction, however often it is interrupted."""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from taskcore.adapters.redis import RedisStore
from taskcore.errors import StoreUnavailable
from taskcore.models import TaskHistory
from taskmq import migration
from taskmq.errors import MigrationRefused
from taskmq.job import JobStatus
from taskmq.migration import Migration
from taskmq.options import JobOptions, spec_of
from taskmq.queues import Queues
from taskmq.schedules import JobSchedule, Schedules
from taskmq.storage import entering
from taskmq.storage.redis_backend import RedisBackend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

NIGHTLY = JobSchedule(id="nightly", cron="0 3 * * *", options=JobOptions(handler="report"))


@pytest.fixture
def in_redis(redis_url: str) -> Iterator[RedisBackend]:
    queue = RedisBackend(redis_url)
    queue.prefix = f"test-{secrets.token_hex(6)}:"
    yield queue
    names = list(queue.redis.scan_iter(f"{queue.prefix}*", count=10_000))
    if names:
        queue.redis.unlink(*names)
    queue.close()


@pytest.fixture
def in_file(folder: Path) -> Iterator[SQLiteBackend]:
    queue = SQLiteBackend(folder / "queue.db")
    yield queue
    queue.close()


@pytest.fixture(params=["to redis", "to sqlite"])
def queues(
    request: pytest.FixtureRequest, in_file: SQLiteBackend, in_redis: RedisBackend
) -> tuple[StoreBackend, StoreBackend]:
    """Source and target."""
    return (in_file, in_redis) if request.param == "to redis" else (in_redis, in_file)


def fill(queue: StoreBackend) -> None:
    """A job of every kind; the one that succeeded is number 1, the one that was cancelled number 2."""
    options: list[dict[str, Any]] = [{"handler": "ok"}, {}, {"priority": 9}, {"retry_policy": "none", "handler": "bad"}]
    for each in options:
        queue.insert_job({"n": 1}, **each)
    queue.update_status(1, JobStatus.SUCCESS, result="done")
    queue.update_status(2, JobStatus.FAILED, 0, "Cancelled by admin")
    queue.move_to_dlq(4, "it died")
    queue.insert_job("later", scheduled_for=datetime.now(UTC) + timedelta(hours=1), queue="reports", max_retries=7)
    queue.insert_job("again", interval_seconds=60, retry_policy="fixed")
    queue.insert_job("once", idempotency_key="k", concurrency_key="c", timeout=timedelta(seconds=5))
    queue.update_status(3, JobStatus.PENDING, 2, "boom")
    queue.add_log(3, "INFO", "a line")
    Schedules(queue).add(NIGHTLY)
    Queues(queue).limit("reports", 2)


def told(queue: StoreBackend) -> list[dict[str, Any]]:
    """Everything about its jobs, oldest first."""
    jobs = queue.find_jobs(limit=1000, oldest_first=True)
    return [{**vars(job), "logs": queue.get_logs(job.id), "context": None} for job in jobs]


def test_everything_that_is_known_of_the_jobs_goes_along(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    fill(source)
    before = told(source)

    moved = Migration(source, target, everything=True).run()

    assert before == told(target) == told(source)
    expected = {"success": 1, "cancelled": 1, "retrying": 1, "dead": 1, "scheduled": 1, "pending": 2}
    assert expected == moved.jobs
    assert (1, 0, []) == (moved.schedules, moved.already, moved.differing)
    assert moved.read == moved.written
    assert 8 == target.insert_job("next")
    assert 7 == target.insert_job("again", idempotency_key="k")


def test_what_is_over_stays_behind_unless_it_is_asked_for(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    fill(source)

    moved = Migration(source, target).run()

    assert {"retrying", "dead", "scheduled", "pending"} == moved.jobs.keys()
    assert [3, 4, 5, 6, 7] == [job.id for job in target.find_jobs(oldest_first=True)]


def test_the_target_goes_on_where_the_source_stopped(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    fill(source)
    Migration(source, target).run()

    ran: list[int] = []
    Worker(func=lambda job: ran.append(job.id), backend=target).start(until_idle=True)
    Worker(func=lambda job: ran.append(-job.id), backend=source).start(until_idle=True)

    assert [3, 6, 7] == ran  # the best first, and in one place
    assert (True, False) == tuple(Schedules(queue).get("nightly").paused for queue in queues)
    assert 2 == Queues(target).get("reports").limit
    assert target.replay_dead_job(4)


def test_a_job_that_waits_finds_those_that_it_waits_for(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    done, running = source.insert_job("done"), source.insert_job("running")
    source.update_status(done, JobStatus.SUCCESS)
    waiting = source.insert_job("both", depends_on=[done, running])

    moved = Migration(source, target).run()

    assert ({"success": 1, "pending": 1, "waiting": 1}, []) == (moved.jobs, moved.differing)
    ran: list[int] = []
    Worker(func=lambda job: ran.append(job.id), backend=target).start(until_idle=True)
    assert [running, waiting] == ran


def test_a_paused_schedule_arrives_paused(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    fill(source)
    Schedules(source).pause("nightly")

    Migration(source, target).run()
    Migration(source, target).run()

    assert Schedules(target).get("nightly").paused


def test_doing_it_again_changes_nothing(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    fill(source)
    first = Migration(source, target).run()
    before = told(target)

    again = Migration(source, target)
    again.refuse_if_strange()
    second = again.run()

    assert before == told(target)
    assert (5, first.written, first.jobs) == (second.already, second.written, second.jobs)


@pytest.mark.parametrize("steps", range(4))
def test_one_that_is_interrupted_is_finished_by_the_next(
    in_file: SQLiteBackend, in_redis: RedisBackend, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    # Given a migration whose target goes away after some steps
    monkeypatch.setattr(migration, "PAGE", 2)
    fill(in_file)
    restore, left = RedisStore.restore, iter(range(steps))

    async def restore_some(self: RedisStore, tasks: Sequence[TaskHistory]) -> Sequence[bool]:
        if next(left, None) is None:
            raise StoreUnavailable("away")
        return await restore(self, tasks)

    moving = Migration(in_file, in_redis, everything=True)
    with monkeypatch.context() as patched:
        patched.setattr(RedisStore, "restore", restore_some)
        with pytest.raises(StoreUnavailable):
            moving.run()

    # When
    second = Migration(in_file, in_redis, everything=True)
    second.refuse_if_strange()
    moved = second.run()

    # Then
    assert 2 * steps == moved.already
    assert told(in_file) == told(in_redis)
    assert moved.read == moved.written


def test_a_target_with_jobs_of_its_own_is_refused(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    source.insert_job("x")
    target.insert_job("y")

    with pytest.raises(MigrationRefused, match="jobs of its own, such as 1"):
        Migration(source, target).refuse_if_strange()


def test_so_is_one_with_schedules_of_its_own(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    Schedules(target).add(NIGHTLY)

    with pytest.raises(MigrationRefused, match="'nightly'"):
        Migration(source, target).refuse_if_strange()


def test_nobody_may_be_at_work(
    in_file: SQLiteBackend, in_redis: RedisBackend, start_on: Callable[[StoreBackend], None], wait: Callable[..., Any]
) -> None:
    start_on(in_redis)
    moving = Migration(in_redis, in_file)

    def refusal() -> str:
        try:
            moving.refuse_if_busy()
        except MigrationRefused as error:
            return str(error)
        return ""

    assert "workers are there, such as " in wait(refusal)


def test_a_running_job_is_waited_for_or_comes_along_pending(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    source.insert_job("x")
    source.fetch_job("w", lock_timeout=60)
    moving = Migration(source, target)

    with pytest.raises(MigrationRefused, match=r"some jobs are running \(1\)"):
        moving.refuse_if_busy()
    moved = moving.run()

    assert ({"pending": 1}, []) == (moved.jobs, moved.differing)
    job = target.fetch_job("another")
    assert job is not None
    assert (1, 2) == (job.id, job.attempts)


def test_what_somebody_changes_over_there_meanwhile_is_told(queues: tuple[StoreBackend, StoreBackend]) -> None:
    source, target = queues
    fill(source)
    Migration(source, target).run()
    target.update_status(7, JobStatus.SUCCESS)

    moved = Migration(source, target).run()

    assert [7] == moved.differing
    assert moved.read != moved.written


@pytest.mark.parametrize(("step", "left"), [("_hold", []), ("_copy_schedules", [8])])
def test_somebody_who_goes_on_adding_jobs_to_the_source_is_noticed(
    queues: tuple[StoreBackend, StoreBackend], monkeypatch: pytest.MonkeyPatch, step: str, left: list[int]
) -> None:
    # Given somebody who adds a job before those that are there are copied, or after that
    source, target = queues
    fill(source)
    go_on = getattr(Migration, step)

    async def and_a_job_comes(self: Migration) -> Any:
        await entering.put(source.store, [spec_of("late", JobOptions(), now=datetime.now(UTC))])
        return await go_on(self)

    with monkeypatch.context() as patched:
        patched.setattr(Migration, step, and_a_job_comes)

        # When
        moved = Migration(source, target).run()

    # Then
    assert (1, left, []) == (moved.late, moved.left, moved.differing)
    again = Migration(source, target).run()
    assert (0, [], 6) == (again.late, again.left, sum(again.jobs.values()))


@pytest.fixture
def start_on() -> Iterator[Callable[[StoreBackend], None]]:
    """Start a worker on a queue; it is stopped after the test."""
    running: list[tuple[Worker, threading.Thread]] = []

    def start(queue: StoreBackend) -> None:
        worker = Worker(backend=queue, poll_interval=0.05)
        thread = threading.Thread(target=worker.start)
        thread.start()
        running.append((worker, thread))

    yield start
    for worker, thread in running:
        worker.stop()
        thread.join(10)
