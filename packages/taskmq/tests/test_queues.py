"""Queues as a whole: their counts, and holding them back."""

import pytest
from taskcore.errors import InvalidInput
from taskmq.errors import NotSupported
from taskmq.options import JobOptions
from taskmq.queues import Queues
from taskmq.service import Service
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend


@pytest.fixture
def queues(backend: StoreBackend) -> Queues:
    return Queues(backend)


def test_queues_are_listed_by_name_with_the_words_of_their_jobs(backend: StoreBackend, queues: Queues) -> None:
    Service(backend).add_many([({}, JobOptions(queue="mail")), ({}, JobOptions()), ({}, JobOptions())])
    backend.move_to_dlq(2, "it went wrong")

    default, mail = queues.all()

    assert ("default", {"pending": 1, "dead": 1}, False, None, 0) == (
        default.name,
        default.counts,
        default.paused,
        default.limit,
        default.workers,
    )
    assert ("mail", {"pending": 1}) == (mail.name, mail.counts)
    assert mail.oldest_due is not None


def test_a_paused_queue_hands_out_nothing_until_it_is_resumed(backend: StoreBackend, queues: Queues) -> None:
    backend.insert_job({})

    assert queues.pause("default").paused
    assert backend.fetch_job("somebody") is None
    assert not queues.resume("default").paused
    assert backend.fetch_job("somebody") is not None


def test_a_limit_holds_for_all_workers_until_it_is_lifted(backend: StoreBackend, queues: Queues) -> None:
    backend.insert_jobs([{}, {}])

    assert 1 == queues.limit("default", 1).limit
    assert [True, False] == [backend.fetch_job(worker) is not None for worker in ("one", "another")]
    assert queues.limit("default", None).limit is None
    assert backend.fetch_job("another") is not None


def test_a_queue_may_be_held_back_before_a_job_names_it(queues: Queues) -> None:
    queues.pause("later")

    assert [("later", True)] == [(queue.name, queue.paused) for queue in queues.all()]


@pytest.mark.parametrize(("name", "most"), [("", 1), ("x" * 1000, 1), ("\0", 1), ("mail", 0), ("mail", -1)])
def test_what_is_no_name_and_no_limit_is_refused(queues: Queues, name: str, most: int) -> None:
    with pytest.raises(InvalidInput):
        queues.limit(name, most)

    assert [] == queues.all()


def test_jobs_that_wait_for_others_are_held_back_where_they_will_run(queues: Queues) -> None:
    with pytest.raises(InvalidInput, match="hold those back"):
        queues.pause("(waiting)")
    with pytest.raises(InvalidInput, match="hold those back"):
        queues.limit("(waiting)", 3)

    assert [] == queues.all()


def test_a_foreign_backend_has_no_queues() -> None:
    class Foreign(QueueBackend):
        pass

    Foreign.__abstractmethods__ = frozenset()
    with pytest.raises(NotSupported, match="queues need more"):
        Queues(Foreign()).all()  # type: ignore[abstract]
