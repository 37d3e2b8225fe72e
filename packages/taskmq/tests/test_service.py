"""The use cases: pages, history, replay and exact replay."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import create_autospec

import pytest
from taskcore.errors import BadCursor, IllegalMove, InvalidInput
from taskmq.job import JobStatus
from taskmq.jobs.handlers import HANDLER_HASHES, register_handler
from taskmq.options import JobOptions
from taskmq.service import (
    HandlerUnknown,
    HashMismatch,
    JobFilter,
    JobNotFound,
    NoHashStored,
    NotSupported,
    Service,
)
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker


def add_all(service: Service, payloads: Sequence[object]) -> None:
    service.add_many([(payload, JobOptions()) for payload in payloads])


@pytest.fixture
def service(backend: StoreBackend) -> Service:
    return Service(backend)


def test_pages_follow_each_other_without_gap_while_jobs_come_in(service: Service) -> None:
    add_all(service, list(range(7)))
    seen: list[int] = []
    cursor = None
    while True:
        page = service.list(JobFilter(limit=3, cursor=cursor))
        seen.extend(job.id for job in page.items)
        service.add("meanwhile")
        if (cursor := page.next_cursor) is None:
            break

    assert [7, 6, 5, 4, 3, 2, 1] == seen


def test_the_last_full_page_has_no_cursor(service: Service) -> None:
    add_all(service, ["a", "b"])

    assert service.list(JobFilter(limit=2)).next_cursor is None
    assert [1, 2] == [job.id for job in service.list(JobFilter(oldest_first=True)).items]


@pytest.mark.parametrize(
    ("state", "ids"),
    [
        ("pending", [5]),
        ("running", [1]),
        ("success", [2]),
        ("dead", [3]),
        ("cancelled", [4]),
        ("failed", [4, 3]),
        (None, [5, 4, 3, 2, 1]),
    ],
)
def test_jobs_are_listed_by_their_state(
    service: Service, backend: StoreBackend, state: str | None, ids: list[int]
) -> None:
    add_all(service, list("abcde"))
    backend.update_status(1, JobStatus.RUNNING)
    backend.update_status(2, JobStatus.SUCCESS)
    backend.move_to_dlq(3)
    service.cancel(4)

    assert ids == [job.id for job in service.list(JobFilter(state=state)).items]


def test_jobs_are_listed_by_queue_text_error_and_time_of_creation(service: Service, backend: StoreBackend) -> None:
    service.add({"to": "Ada"}, JobOptions(queue="mail"))
    service.add({"to": "Bob"})
    service.add("later", JobOptions(scheduled_for=datetime.now(UTC) + timedelta(hours=1)))
    backend.move_to_dlq(2, "connection refused")
    created = service.get(2).created_at

    def ids(**wanted: Any) -> list[int]:
        return [job.id for job in service.list(JobFilter(**wanted)).items]

    assert [1] == ids(queue="mail")
    assert [1] == ids(text="ada")
    assert [2] == ids(error="Refused")
    assert [3] == ids(state="scheduled")
    assert ([], [3, 2, 1]) == (ids(created_before=created, text="Bob"), ids(created_from=service.get(1).created_at))


def test_jobs_are_listed_by_their_handler(service: Service) -> None:
    service.add("a", JobOptions(handler="mail"))
    service.add("b", JobOptions(handler="other"))

    assert ["mail"] == [job.handler for job in service.list(JobFilter(handler="mail")).items]


def test_bad_questions_are_refused(service: Service) -> None:
    add_all(service, ["a", "b"])
    cursor = service.list(JobFilter(limit=1)).next_cursor

    with pytest.raises(InvalidInput, match="state must be one of pending, waiting, running, "):
        service.list(JobFilter(state="done"))
    with pytest.raises(InvalidInput, match="limit"):
        service.list(JobFilter(limit=0))
    with pytest.raises(BadCursor):
        service.list(JobFilter(cursor="nonsense"))
    with pytest.raises(BadCursor, match="other filters"):
        service.list(JobFilter(cursor=cursor, state="pending"))


def test_the_timeline_begins_with_the_queue(service: Service, backend: StoreBackend) -> None:
    job_id = service.add("x").job_id
    Worker(func=lambda job: "ok", backend=backend).start(until_idle=True)

    timeline = service.timeline(job_id)

    assert ["Queued", "Job started", "Job finished successfully"] == [entry.message for entry in timeline]
    assert sorted(entry.at for entry in timeline) == [entry.at for entry in timeline]


def test_what_is_not_there_is_said_so(service: Service) -> None:
    with pytest.raises(JobNotFound, match="job 9 not found"):
        service.get(9)
    with pytest.raises(JobNotFound):
        service.timeline(9)
    with pytest.raises(JobNotFound):
        service.replay(9)
    with pytest.raises(JobNotFound, match="dead jobs"):
        service.replay_dead(service.add("alive").job_id)


def test_a_replay_copies_any_job(service: Service, backend: StoreBackend) -> None:
    job_id = service.add('{ "as": "typed" }', JobOptions(handler="mail", priority=3, retry_policy="none")).job_id
    backend.update_status(job_id, JobStatus.SUCCESS)

    copy = service.get(service.replay(job_id))

    assert JobStatus.SUCCESS is service.get(job_id).status
    assert ('{ "as": "typed" }', "mail", 3, "none", JobStatus.PENDING) == (
        copy.raw_payload,
        copy.handler,
        copy.priority,
        copy.retry_policy,
        copy.status,
    )


def test_an_exact_replay_needs_the_same_code(service: Service, backend: StoreBackend) -> None:
    register_handler("mail")(lambda job: "sent")
    job_id = service.add("x", JobOptions(handler="mail")).job_id
    never_run = service.add("y", JobOptions(handler="mail", priority=-1)).job_id
    Worker(backend=backend).start(until_idle=True)
    fresh = service.add("z", JobOptions(handler="mail")).job_id

    assert service.get(job_id).handler_hash == service.verify_hash(job_id)
    assert service.get(never_run).handler_hash == service.get(job_id).handler_hash
    assert JobStatus.PENDING is service.get(service.replay(job_id, exact=True)).status
    with pytest.raises(NoHashStored):
        service.replay(fresh, exact=True)
    HANDLER_HASHES["mail"] = "changed"
    with pytest.raises(HashMismatch) as mismatch:
        service.replay(job_id, exact=True)
    assert (service.get(job_id).handler_hash, "changed") == (mismatch.value.original, mismatch.value.current)
    del HANDLER_HASHES["mail"]
    with pytest.raises(HandlerUnknown, match="Handler 'mail' not found in current process"):
        service.replay(job_id, exact=True)


def test_only_a_pending_job_is_cancelled(service: Service, backend: StoreBackend) -> None:
    job_id = service.add("x").job_id
    backend.fetch_job("w")

    with pytest.raises(IllegalMove, match="cannot cancel a task that is running"):
        service.cancel(job_id)


def test_handlers_are_listed_with_what_they_are(service: Service) -> None:
    @register_handler("mail")
    async def mail(job: object) -> None:
        """Send a mail.

        At once.
        """

    dummy, found = service.handlers()

    assert ("dummy", False) == (dummy.name, dummy.is_async)
    assert ("mail", True, "Send a mail.", 64) == (
        found.name,
        found.is_async,
        found.summary,
        len(found.source_hash or ""),
    )
    assert found.function.endswith("mail")


def test_a_foreign_backend_serves_what_its_thirteen_methods_can() -> None:
    backend = create_autospec(QueueBackend, instance=True)
    backend.insert_job.return_value = 100
    service = Service(backend)

    assert (100, True) == service.add({"a": 1}, JobOptions(handler="mail"))
    backend.insert_job.assert_called_once()
    with pytest.raises(NotSupported, match="listing jobs needs more"):
        service.list(JobFilter())
    with pytest.raises(NotSupported, match="a job with queue, timeout needs more"):
        service.add({"a": 1}, JobOptions(queue="mail", timeout=timedelta(seconds=1)))
    backend.insert_job.assert_called_once()
