"""Keys of the public release in Redis: taken over once, with nothing lost, however many do it and die of it."""

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from taskcore.adapters.redis import RedisStore
from taskcore.errors import StoreUnavailable
from taskmq import public_keys
from taskmq.job import Job
from taskmq.storage.redis_backend import RedisBackend
from taskmq.worker import Worker

LONG_AGO = "2026-01-02T03:04:05.678901+00:00"
DIED = datetime(2026, 2, 3, tzinfo=UTC)
FIELDS = {
    "status": "PENDING",
    "payload": '{"a": 1}',
    "created_at": LONG_AGO,
    "retries": "0",
    "retry_policy": "exponential",
    "scheduled_for": LONG_AGO,
    "interval_seconds": "",
    "handler": "mail",
    "locked_by": "",
    "lock_expires_at": "",
    "priority": "0",
}


@pytest.fixture
def queue(redis_url: str) -> Iterator[RedisBackend]:
    """A queue that nobody opened yet."""
    queue = RedisBackend(redis_url)
    queue.prefix = f"test-{secrets.token_hex(6)}[*:"  # text that a pattern would take for more than it is
    yield queue
    names = [name for name in queue.redis.scan_iter(count=10_000) if name.decode().startswith(queue.prefix)]
    if names:
        queue.redis.unlink(*names)
    queue.close()


def write(queue: RedisBackend, job_id: int, **fields: str) -> None:
    """Write a job as the public release does."""
    for name, value in {**FIELDS, "id": str(job_id), **fields}.items():
        queue.redis.hset(f"{queue.prefix}job:{job_id}", name, value)


@pytest.fixture
def old(queue: RedisBackend) -> redis.Redis:
    """What the last public release left there, with a job of every kind."""
    client, prefix = queue.redis, queue.prefix
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    jobs: dict[int, dict[str, str]] = {
        1: {"status": "SUCCESS", "result": "{'sent': True}", "handler_hash": "abc", "priority": "20"},
        2: {"retries": "1", "error_log": "boom", "retry_policy": "fixed"},
        3: {"status": "RUNNING", "payload": "plain text", "locked_by": "w", "lock_expires_at": LONG_AGO},
        4: {"scheduled_for": later, "priority": "10"},
        5: {"status": "FAILED", "error_log": "Cancelled by admin"},
        6: {"status": "SUCCESS", "interval_seconds": "60"},
        7: {"handler": "", "payload": "{'python': 'repr'}", "retry_policy": "strange", "priority": "highhigh"},
        9: {"status": "FAILED", "retries": "2", "error_log": "it died", "priority": "5"},
        10: {"status": "SUCCESS"},
    }
    for job_id, fields in jobs.items():
        write(queue, job_id, **fields)
    client.hset(f"{prefix}job:11", mapping={"status": "SUCCESS", "retries": "0"})  # a status of a job that is none
    client.set(f"{prefix}job:13", "no hash at all")
    client.set(f"{prefix}job_id_counter", 12)
    client.zadd(f"{prefix}queue:pending", {"2": 1e12, "4": 2, "5": 3})
    client.zadd(f"{prefix}queue:dead", {"9": DIED.timestamp(), "10": DIED.timestamp(), "77": 1})
    client.sadd(f"{prefix}jobs:periodic", "6")
    line = {"job_id": 9, "handler": "mail", "level": "ERROR", "message": "Job failed: it died", "timestamp": LONG_AGO}
    for log in ("job:9", "handler:mail"):
        client.rpush(f"{prefix}logs:{log}", json.dumps(line), "no line")
    client.rpush(f"{prefix}logs:job:8", json.dumps(line))  # of a job that was replayed
    return client


def the(queue: RedisBackend, job_id: int) -> Job:
    job = queue.get_job(job_id)
    assert job is not None
    return job


def summary(queue: RedisBackend) -> list[tuple[object, ...]]:
    return [(job.id, job.state, job.raw_payload, job.error_log, job.retries) for job in queue.find_jobs(limit=1000)]


def names(queue: RedisBackend) -> set[str]:
    """Keys below the prefix that are not the store's own, without it."""
    found = [name.decode() for name in queue.redis.scan_iter(count=10_000)]
    ours = f"{queue.prefix}{{taskmq}}:"
    return {name.removeprefix(queue.prefix) for name in found if name.startswith(queue.prefix) and ours not in name}


def test_every_kind_of_job_is_what_it_was(old: redis.Redis, queue: RedisBackend) -> None:
    assert [
        (10, "success", '{"a": 1}', None, 0),
        (9, "dead", '{"a": 1}', "it died", 2),
        (7, "pending", "{'python': 'repr'}", None, 0),
        (6, "scheduled", '{"a": 1}', None, 0),
        (5, "cancelled", '{"a": 1}', "Cancelled by admin", 0),
        (4, "scheduled", '{"a": 1}', None, 0),
        (3, "pending", "plain text", None, 0),
        (2, "retrying", '{"a": 1}', "boom", 1),
        (1, "success", '{"a": 1}', None, 0),
    ] == summary(queue)

    done, dead, odd = the(queue, 1), the(queue, 9), the(queue, 7)
    assert ("{'sent': True}", "abc", 20, "mail") == (done.result, done.handler_hash, done.priority, done.handler)
    assert datetime.fromisoformat(LONG_AGO) == done.created_at
    assert (5, DIED) == (dead.priority, dead.finished_at)
    assert [9] == [job.id for job in queue.list_dead_jobs()]
    assert (None, "fixed", 0) == (odd.handler, odd.retry_policy, odd.priority)
    assert 60 == the(queue, 6).interval_seconds
    assert timedelta(0) < the(queue, 6).scheduled_for - datetime.now(UTC) <= timedelta(seconds=60)


def test_logs_come_along_and_numbering_goes_on(old: redis.Redis, queue: RedisBackend) -> None:
    (line,) = queue.get_logs(9)

    assert ("Job failed: it died", "ERROR", "mail", LONG_AGO) == tuple(
        line[name] for name in ("message", "level", "handler", "timestamp")
    )
    assert 13 == queue.insert_job("new")


def test_the_best_job_comes_first_and_nothing_comes_early(old: redis.Redis, queue: RedisBackend) -> None:
    ran: list[int] = []

    Worker(func=lambda job: ran.append(job.id), backend=queue).start(until_idle=True)

    assert [7] == ran  # it names no handler; the others wait for "mail", or for their time
    assert "scheduled" == the(queue, 4).state


def test_the_old_keys_stay_as_backups_and_the_old_release_can_number_no_job(
    old: redis.Redis, queue: RedisBackend
) -> None:
    before = names(queue)
    queue.get_queue_depth()

    backups = {f"task_mq_backup:{name}" for name in before}
    assert backups | {"job_id_counter"} == names(queue)
    assert b"it died" == old.hget(f"{queue.prefix}task_mq_backup:job:9", "error_log")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        old.incr(f"{queue.prefix}job_id_counter")


def test_a_second_opening_has_nothing_to_do(old: redis.Redis, queue: RedisBackend) -> None:
    before = summary(queue)
    queue.replay_dead_job(9)
    queue.close()

    assert [13, *[row[0] for row in before if row[0] != 9]] == [row[0] for row in summary(queue)]


@pytest.mark.parametrize("steps", range(6))
def test_one_that_is_killed_is_finished_by_the_next(
    old: redis.Redis, queue: RedisBackend, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    # Given a takeover that ends after some steps
    monkeypatch.setattr(public_keys, "BATCH", 2)
    adopt, left = RedisStore.adopt, iter(range(steps))

    async def adopt_some(self: RedisStore, *args: Any, **kwargs: Any) -> Any:
        if next(left, None) is None:
            raise StoreUnavailable("killed")
        return await adopt(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(RedisStore, "adopt", adopt_some)
        with suppress(StoreUnavailable):
            queue.get_queue_depth()

    # When
    found = summary(queue)

    # Then
    assert [10, 9, 7, 6, 5, 4, 3, 2, 1] == [row[0] for row in found]
    assert {"job_id_counter"} == {name for name in names(queue) if not name.startswith("task_mq_backup:")}
    assert 13 == queue.insert_job("new")


def test_several_processes_take_over_together_and_each_job_once(
    old: redis.Redis, queue: RedisBackend, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_keys, "BATCH", 2)
    others = [RedisBackend(redis_url) for _ in range(4)]
    depths: list[int] = []

    def open_it(other: RedisBackend) -> None:
        other.prefix = queue.prefix
        depths.append(other.get_queue_depth())
        other.close()

    threads = [threading.Thread(target=open_it, args=[other]) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [5] * 4 == depths
    assert [10, 9, 7, 6, 5, 4, 3, 2, 1] == [row[0] for row in summary(queue)]


def test_a_job_whose_id_is_taken_gets_another(
    queue: RedisBackend, drain_of: Callable[[RedisBackend], list[Any]]
) -> None:
    # Given a queue that has a job 1 already, when somebody brings back keys of before
    queue.insert_job("own")
    queue.close()
    write(queue, 1, payload="old", handler="")
    queue.redis.set(f"{queue.prefix}job_id_counter", 1)

    assert ["own", "old"] == drain_of(queue)


@pytest.fixture
def drain_of() -> Callable[[RedisBackend], list[Any]]:
    """What a worker finds in a queue, in its order."""

    def drain(queue: RedisBackend) -> list[Any]:
        found: list[Any] = []
        Worker(func=lambda job: found.append(job.payload), backend=queue).start(until_idle=True)
        return sorted(found, reverse=True)

    return drain
