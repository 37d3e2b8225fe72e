"""What comes into the queue, and what is refused at its door."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from taskcore.errors import InvalidInput, NaiveTime
from taskmq.job import JobStatus
from taskmq.storage.store_backend import StoreBackend


def test_ids_begin_with_1_and_are_never_given_out_again(backend: StoreBackend) -> None:
    first, second = backend.insert_job("a"), backend.insert_job("b")
    backend.move_to_dlq(second)
    third = backend.replay_dead_job(second)

    assert [1, 2, 3] == [first, second, third]


def test_a_new_job_is_what_was_asked_for(backend: StoreBackend) -> None:
    due = datetime(2030, 4, 1, 12, tzinfo=UTC)

    job = backend.get_job(backend.insert_job({"a": 1}, "fixed", due, 60, "mail", None, None, 20))

    assert job is not None
    assert JobStatus.PENDING is job.status
    assert ({"a": 1}, '{"a":1}') == (job.payload, job.raw_payload)
    assert ("fixed", due, 60, "mail", 20) == (
        job.retry_policy,
        job.scheduled_for,
        job.interval_seconds,
        job.handler,
        job.priority,
    )
    assert (0, None, None, None, None) == (job.retries, job.error_log, job.result, job.locked_by, job.lock_expires_at)


def test_the_defaults_are_those_of_the_public_release(backend: StoreBackend) -> None:
    job = backend.get_job(backend.insert_job("text"))

    assert job is not None
    assert ("text", "exponential", None, None, 0) == (
        job.payload,
        job.retry_policy,
        job.interval_seconds,
        job.handler,
        job.priority,
    )


def test_a_lock_may_come_with_the_job(backend: StoreBackend) -> None:
    until = datetime.now(UTC) + timedelta(seconds=60)

    job = backend.get_job(backend.insert_job("x", locked_by="w1", lock_expires_at=until))

    assert job is not None
    assert "w1" == job.locked_by
    assert backend.fetch_job("w2") is None


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("until", [datetime(2100, 1, 1), "2100-01-01T00:00:00Z", 60])  # noqa: DTZ001 - that is the point
def test_a_lock_that_is_none_is_refused_before_anything_is_stored(backend: StoreBackend, until: Any) -> None:
    with pytest.raises(InvalidInput, match="lock_expires_at"):
        backend.insert_job("x", locked_by="w1", lock_expires_at=until)

    assert 0 == backend.get_queue_depth()


def test_a_job_due_in_an_hour_waits_whatever_its_zone(backend: StoreBackend) -> None:
    # Given the same hour written with the clock of Los Angeles and of Mumbai
    later = datetime.now(timezone(timedelta(hours=-8))) + timedelta(hours=1)
    sooner = datetime.now(timezone(timedelta(hours=5, minutes=30))) - timedelta(minutes=1)
    waiting = backend.insert_job("later", scheduled_for=later)
    due = backend.insert_job("due", scheduled_for=sooner)

    fetched = backend.fetch_job("w")

    assert fetched is not None
    assert due == fetched.id
    assert backend.fetch_job("w") is None
    assert later == getattr(backend.get_job(waiting), "scheduled_for", None)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"payload": float("nan")}, "nan"),
        ({"payload": "a\0b"}, "NUL"),
        ({"payload": "\ud800"}, "surrogate"),
        ({"payload": object()}, "object"),
        ({"payload": b"bytes"}, "bytes"),
        ({"payload": "x" * 2_000_000}, "limit"),
        ({"handler": "two\nlines"}, "printable"),
        ({"handler": 5}, "handler must be"),
        ({"handler": "(none)"}, "handler must be"),
        ({"handler": "x" * 201}, "200"),
        ({"priority": 2**31}, "priority must be"),
        ({"priority": "high"}, "priority must be"),
        ({"priority": True}, "priority must be"),
        ({"priority": None}, "priority must be"),
        ({"retry_policy": "sometimes"}, "fixed, exponential, none"),
        ({"retry_policy": None}, "fixed, exponential, none"),
        ({"retry_policy": []}, "fixed, exponential, none"),
        ({"scheduled_for": "2030-01-01T00:00:00Z"}, "scheduled_for must be a datetime"),
        ({"interval_seconds": 0}, "interval_seconds must be"),
        ({"interval_seconds": -5}, "interval_seconds must be"),
        ({"interval_seconds": 1.5}, "interval_seconds must be"),
        ({"interval_seconds": 10**30}, "interval"),
    ],
)
def test_bad_input_is_one_clear_sentence_and_nothing_is_stored(
    backend: StoreBackend, bad: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        backend.insert_job(**{"payload": "x", **bad})  # type: ignore[arg-type]

    assert "\n" not in str(refused.value)
    assert [] == backend.find_jobs()


def test_a_naive_time_is_refused(backend: StoreBackend) -> None:
    naive = datetime(2030, 1, 1)  # noqa: DTZ001
    for order in ({"scheduled_for": naive}, {"scheduled_for": naive, "interval_seconds": 60}, {"expires_at": naive}):
        with pytest.raises(NaiveTime, match=f"^{next(iter(order))} has no time zone"):
            backend.insert_job("x", **order)

    assert [] == backend.find_jobs()


def test_many_jobs_are_stored_together_or_not_at_all(backend: StoreBackend) -> None:
    assert [1, 2, 3] == backend.insert_jobs(["a", {"b": 1}, 3], handler="h", priority=5)

    with pytest.raises(InvalidInput, match=r"job 2 of 3: .*; nothing was stored"):
        backend.insert_jobs(["a", float("nan"), "c"])

    assert 3 == len(backend.find_jobs())
