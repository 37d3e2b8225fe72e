"""What is special about the Redis backend: when it connects, what its keys are called, and what a lost server means."""

import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest
from taskcore.errors import InvalidInput, StoreUnavailable
from taskmq.job import JobStatus
from taskmq.storage.redis_backend import RedisBackend

NOBODY = "redis://user:hidden@127.0.0.1:1/0"


@pytest.fixture
def queue(redis_url: str) -> Iterator[RedisBackend]:
    """As the tests of the public release make theirs."""
    queue = RedisBackend(redis_url=redis_url)
    queue.prefix = f"test-{secrets.token_hex(6)}:"
    yield queue
    names = queue.redis.keys(f"{queue.prefix}*")
    if names:
        queue.redis.delete(*names)
    queue.close()


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "", "redis://localhost:port/0"])
def test_a_url_of_another_kind_is_a_value_error_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="a Redis URL looks like redis://") as refused:
        RedisBackend(url)

    assert isinstance(refused.value, InvalidInput)


def test_making_one_connects_to_nothing_and_trouble_shows_no_password() -> None:
    queue = RedisBackend(NOBODY)

    assert not queue.check_health()
    with pytest.raises(StoreUnavailable, match=r"Redis at 127.0.0.1:1/0 cannot be reached") as away:
        queue.insert_job("x")
    assert "hidden" not in str(away.value) + repr(queue)
    queue.close()


def test_a_fetched_job_is_running_and_locked(queue: RedisBackend) -> None:
    job_id = queue.insert_job({"a": 1})

    job = queue.fetch_job("worker1")

    assert job is not None
    assert (job_id, JobStatus.RUNNING, "worker1") == (job.id, job.status, job.locked_by)
    assert queue.check_health()


def test_all_keys_begin_with_the_prefix(queue: RedisBackend) -> None:
    queue.insert_job("x")

    names = queue.redis.keys(f"{queue.prefix}*")

    assert all(isinstance(name, bytes) for name in names)
    assert f"{queue.prefix}{{taskmq}}:task:a1".encode() in names


def test_another_prefix_is_another_queue_at_once(queue: RedisBackend) -> None:
    first = queue.prefix
    queue.insert_job("of the first")

    queue.prefix = f"{first}second:"
    assert (0, 1) == (queue.get_queue_depth(), queue.insert_job("of the second"))

    queue.prefix = first
    assert ["of the first"] == [job.payload for job in queue.find_jobs()]


def test_a_queue_whose_keys_were_deleted_begins_anew(queue: RedisBackend) -> None:
    queue.insert_jobs(["a", "b"])

    queue.redis.delete(*queue.redis.keys(f"{queue.prefix}*"))

    assert (0, 1) == (queue.get_queue_depth(), queue.insert_job("x"))


def test_the_package_is_used_without_loading_the_driver() -> None:
    program = "import sys, taskmq.storage, taskmq.worker, taskmq.cli; sys.exit('redis' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode
