"""Many rows in few statements, and still an answer for each."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore, database, tasks, work
from taskcore.adapters.sqlite.session import Session
from taskcore.ids import IdScheme, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Settlement
from taskcore.states import Event, TaskState
from taskcore.testing import FakeClock, a_claim, a_report, a_settlement, a_task, seconds


@pytest.fixture
def session(path: Path, clock: FakeClock) -> Iterator[Session]:
    database.migrate(path, "taskcore", IdScheme.TIME_SORTED, 30)
    with closing(database.connect(path)) as connection:
        session = Session(connection, "taskcore", IdScheme.TIME_SORTED, clock)
        session.look_at_clock()
        yield session


@contextmanager
def busy_thread() -> Iterator[None]:
    """A thread that never lets go of the interpreter's lock by itself."""
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def test_a_batch_takes_few_turns_beside_a_busy_thread(store: SQLiteStore) -> None:
    """A turn costs 5 ms here, so that one a row would take 10 s for each of the three calls."""
    with busy_thread():
        begun = time.monotonic()
        await store.put([a_task()] * 2000)
        held = await store.claim(a_claim(limit=2000))
        settled = await store.settle([a_settlement(task) for task in held])

    assert 2000 == len(settled)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 1000])
def test_a_batch_may_have_any_size(session: Session, size: int) -> None:
    tasks.put(session, [a_task()] * size)

    held = work.claim(session, a_claim(limit=2000))

    assert size == len(held)
    assert [True] * size == work.settle(session, [a_settlement(task) for task in held])


def test_one_stale_settlement_among_many_is_told_apart(session: Session) -> None:
    tasks.put(session, [a_task()] * 300)
    held = work.claim(session, a_claim(limit=300))
    stale = 123
    work.settle(session, [a_settlement(held[stale])])

    settled = work.settle(session, [a_settlement(task, Event.RETRY) for task in held])

    assert [number != stale for number in range(300)] == settled
    assert 299 == session.one("SELECT count(*) FROM {p}_attempts")


def test_of_two_settlements_of_one_attempt_the_first_counts(session: Session) -> None:
    tasks.put(session, [a_task()])
    (held,) = work.claim(session, a_claim())

    settled = work.settle(session, [a_settlement(held, Event.RETRY), a_settlement(held, Event.SUCCEED)])

    assert [True, False] == settled
    assert "pending" == session.one("SELECT state FROM {p}_tasks")
    assert 1 == session.one("SELECT count(*) FROM {p}_attempts")


def test_batches_may_mix_workers_and_events(session: Session) -> None:
    tasks.put(session, [a_task()] * 6)
    ones, twos = work.claim(session, a_claim("w1", limit=3)), work.claim(session, a_claim("w2", limit=3))
    events = [Event.SUCCEED, Event.RETRY, Event.FAIL] * 2

    fences = [task.fence for task in [*ones, *twos]]
    assert [Renewal.HELD] * 6 == work.renew(session, fences, seconds(30))
    assert [True] * 6 == work.report(session, [a_report(fence, "line", progress=0.5) for fence in fences])
    assert [True] * 6 == work.settle(
        session, [Settlement(fence=f, event=e) for f, e in zip(fences, events, strict=True)]
    )

    states = [state for (state,) in session.execute("SELECT state FROM {p}_tasks ORDER BY id")]
    assert [TaskState.SUCCEEDED, TaskState.PENDING, TaskState.FAILED] * 2 == states


def test_the_worker_is_part_of_the_fence(session: Session) -> None:
    tasks.put(session, [a_task()] * 2)
    held = work.claim(session, a_claim("w1"))
    borrowed = [
        Fence(task.id, task.attempt, worker) for task, worker in zip(held, map(WorkerId, ["w1", "w2"]), strict=True)
    ]

    assert [True, False] == work.settle(session, [a_settlement(fence) for fence in borrowed])


def test_payloads_that_are_too_much_for_one_answer_come_in_several(session: Session) -> None:
    tasks.put(session, [a_task(payload="x" * 30_000)] * 8)
    session.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100_000)

    sizes = [len(work.claim(session, a_claim(limit=8))) for _ in range(4)]

    assert [2, 2, 2, 2] == sizes


def test_a_wave_of_tasks_that_become_due_together_is_handed_out_best_first(session: Session, clock: FakeClock) -> None:
    tasks.put(session, [a_task(priority=n % 7, run_at=clock.now() + seconds(5 + n % 3)) for n in range(500)])
    clock.advance(10)
    session.look_at_clock()

    ranks = [(-task.priority, task.run_at, task.id) for task in work.claim(session, a_claim(limit=500))]

    assert 500 == len(ranks)
    assert sorted(ranks) == ranks
