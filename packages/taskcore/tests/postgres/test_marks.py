"""A transaction that stays open somewhere does not slow claims down, and marks strand no task."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from taskcore.adapters.postgres import PostgresStore, marks
from taskcore.adapters.postgres.marks import Marks
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.states import TaskState
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, eventually, seconds

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def snapshot(postgres_url: str, store: PostgresStore) -> AsyncIterator[None]:
    """Somebody's report that has read one row, and takes its time."""
    connection = await asyncpg.connect(postgres_url)
    async with connection.transaction(isolation="repeatable_read"):
        await connection.fetch(f"SELECT count(*) FROM {store._database.prefix}_tasks")
        yield
    await connection.close()


async def drain(store: PostgresStore, batch: int) -> list[TaskId]:
    """Claim and settle until nothing is handed out."""
    drained = []
    held = list(await store.claim(a_claim(limit=batch)))
    while held:
        drained += [task.id for task in held]
        _, claimed = await store.exchange([a_settlement(task) for task in held], a_claim(limit=batch))
        held = list(claimed)
    return drained


def remember(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How far each claim walked, from now on."""
    walks: list[int] = []
    learn = Marks.learn

    def recording(self: Marks, walked: int, duration: float, taken: list[TaskRecord]) -> None:
        walks.append(walked)
        learn(self, walked, duration, taken)

    monkeypatch.setattr(Marks, "learn", recording)
    return walks


@pytest.mark.usefixtures("snapshot")
async def test_claims_walk_no_further_for_what_others_have_taken(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "LONG", 500)
    monkeypatch.setattr(marks, "REST", 10**6)
    walks = remember(monkeypatch)
    tasks = [receipt.task for receipt in await store.put([a_task() for _ in range(5000)])]

    assert tasks == await drain(store, 100)

    # One walk was long, after some that found out; all others end where they have what they came for.
    assert [] == [walked for walked in walks[:-1] if walked > 1000]
    assert max(walks[30:-2]) <= 250


async def test_without_such_a_transaction_there_are_no_marks(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put([a_task() for _ in range(3000)])

    await drain(store, 100)

    assert {} == store._marks._ranks


@pytest.mark.usefixtures("snapshot")
async def test_what_is_put_in_front_of_a_mark_is_handed_out(
    store: PostgresStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "LONG", 10)
    await store.put([a_task() for _ in range(200)])
    await store.put([a_task(run_at=clock.now() + seconds(10))])
    for _ in range(15):
        await store.settle([a_settlement(task) for task in await store.claim(a_claim(limit=10))])
    assert store._marks._ranks

    (urgent,) = await store.put([a_task(priority=9)])

    async def handed_out() -> bool:
        return urgent.task in [task.id for task in await store.claim(a_claim(limit=1))]

    await eventually(handed_out)
    assert 50 >= len(await drain(store, 10))
    assert TaskState.PENDING not in {
        state for counts in await store.counts() for state, number in counts.by_state.items() if number > 1
    }


def a_record(priority: int, task: str, queue: str = "default") -> TaskRecord:
    return TaskRecord(
        id=TaskId(task),
        name="send",
        queue=queue,
        payload="null",
        priority=priority,
        state=TaskState.RUNNING,
        created_at=NOON,
        run_at=NOON,
    )


def test_a_mark_only_moves_on() -> None:
    ranks = Marks()
    ranks.learn(10**6, 1.0, [a_record(5, "a"), a_record(5, "b"), a_record(1, "c", "other")])
    ranks.learn(0, 0.1, [a_record(9, "x"), a_record(5, "aa")])

    at = 1_772_452_800_000_000
    assert [[-5, -1, None], [at, at, None], ["b", "c", None]] == ranks.columns(["default", "other", "new"])


def test_marks_are_forgotten_when_their_time_is_over() -> None:
    ranks = Marks()
    ranks.learn(10**6, 0.0, [a_record(5, "a")])

    assert [[], [], []] == ranks.columns(["default"])
    assert not ranks.clear()


def test_a_short_walk_leaves_no_mark() -> None:
    ranks = Marks()
    ranks.learn(100, 5.0, [a_record(5, "a")])

    assert [[], [], []] == ranks.columns(["default"])
