"""No step that runs all the time reads more of a table than it hands out: PostgreSQL's own counts for 50,000 tasks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.postgres.counting import COUNTS
from taskcore.adapters.postgres.database import SETTINGS, Database, Rows, Runner
from taskcore.adapters.postgres.searching import search
from taskcore.adapters.postgres.upkeep import PRUNE, PRUNE_RARE
from taskcore.clock import from_micros
from taskcore.errors import StoreUnavailable
from taskcore.ids import ScheduleId, WorkerId
from taskcore.lease import Fence
from taskcore.models import Order, Part, TaskQuery
from taskcore.states import AT_REST, WAITING, Event, Phase, TaskState
from taskcore.testing import FakeClock, a_claim, a_line, a_report, a_settlement, a_task, seconds

TASKS = 50_000
BATCH = 50
MOST = 10 * BATCH
"""Rows that a step may read of a table."""
FREELY = {"plan_cache_mode": "force_custom_plan", "enable_seqscan": "on", "enable_bitmapscan": "on"}


class Recording(Database):
    """Remembers what it ran."""

    ran: list[tuple[str, tuple[object, ...]]]

    async def fetch(self, sql: str, *parameters: object) -> Rows:
        self.ran.append((sql, parameters))
        return await super().fetch(sql, *parameters)


@pytest.fixture(scope="module")
async def crowded(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """A store with many tasks in every state, of which PostgreSQL's statistics know nothing."""
    clock = FakeClock()
    async with await PostgresStore.open(postgres_url, prefix=f"t{uuid4().hex[:12]}", clock=clock) as store:
        later, part = clock.now() + seconds(3600), TASKS // 5
        for queue in "ab":
            await store.put([a_task(queue=queue) for _ in range(2 * part)])
        await store.put([a_task(run_at=later, expires_at=later, schedule=ScheduleId("s")) for _ in range(part)])
        for event in (Event.SUCCEED, Event.FAIL, Event.INTERRUPT):
            running = await store.claim(a_claim("w1", "a", limit=part // 2))
            await store.settle([a_settlement(task, event) for task in running])
        await store.claim(a_claim("w1", "a", limit=100))
        yield store


@pytest.fixture
def recorded(crowded: PostgresStore) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    recording = crowded._database
    recording.__class__ = Recording
    assert isinstance(recording, Recording)
    recording.ran = []
    yield recording.ran
    recording.__class__ = Database  # type: ignore[assignment]


async def read(store: PostgresStore, ran: list[tuple[str, tuple[object, ...]]], **settings: str) -> dict[str, int]:
    """Rows that each statement reads of any table or index, at the most, when it is run once more."""
    connection = await asyncpg.connect(store._database.url, server_settings=SETTINGS | settings)
    most: dict[str, int] = {}
    for sql, parameters in ran:
        transaction = connection.transaction()
        await transaction.start()
        text = f"EXPLAIN (ANALYZE, FORMAT JSON) {store._database.text(sql)}"
        (plan,) = json.loads(await connection.fetchval(text, *parameters))
        await transaction.rollback()
        most[sql] = max(_rows(node) for node in _nodes(plan["Plan"]))
    await connection.close()
    return most


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _rows(node: dict[str, Any]) -> int:
    """What a scan touched: rows that it gave, and those that it read in vain."""
    if "Relation Name" not in node or "Scan" not in node["Node Type"]:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


async def test_the_life_of_a_task(crowded: PostgresStore, recorded: list[tuple[str, tuple[object, ...]]]) -> None:
    (receipt,) = await crowded.put([a_task(queue="z", idempotency_key="k")])
    await crowded.take(receipt.task, WorkerId("w1"), seconds(30))
    running = list(await crowded.claim(a_claim("w2", "a", "b", limit=BATCH)))
    await crowded.renew([task.fence for task in running], seconds(30))
    await crowded.report([a_report(task, "line", progress=0.5) for task in running])
    await crowded.cancel([task.id for task in running])
    await crowded.cancellations(WorkerId("w2"))
    half = BATCH // 2
    await crowded.settle([a_settlement(task, Event.RETRY) for task in running[:half]])
    await crowded.exchange([a_settlement(task) for task in running[half:]], a_claim("w2", "b", limit=BATCH))
    await crowded.replay([task.id for task in running[half:]])
    await crowded.wait_for_work(["a"], 5)

    assert {} == {sql: rows for sql, rows in (await read(crowded, recorded)).items() if rows > MOST}


async def test_upkeep_and_pages(crowded: PostgresStore, recorded: list[tuple[str, tuple[object, ...]]]) -> None:
    failed, running = frozenset({TaskState.FAILED}), frozenset({TaskState.RUNNING})
    for query in (
        TaskQuery(limit=BATCH),
        TaskQuery(limit=BATCH, order=Order.OLDEST),
        TaskQuery(limit=BATCH, states=failed),
        TaskQuery(limit=BATCH, states=failed | running),
        TaskQuery(limit=BATCH, schedule=ScheduleId("s")),
    ):
        (*_, last) = await crowded.find(query)
        await crowded.get(last.id)
        await crowded.attempts(last.id)
        await crowded.add_logs([a_line(Fence(last.id, 0, WorkerId("w1")))])
        await crowded.logs(last.id)
    await crowded.overdue(BATCH)
    await crowded.expire(BATCH)
    await crowded.delete([last.id])
    await crowded.due_schedules(BATCH)

    assert {} == {sql: rows for sql, rows in (await read(crowded, recorded)).items() if rows > MOST}


@pytest.fixture(scope="module")
async def settled(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """A store with many successes, and behind them a few tasks that wait: two thirds of them for later."""
    clock = FakeClock()
    async with await PostgresStore.open(postgres_url, prefix=f"t{uuid4().hex[:12]}", clock=clock) as store:
        await store.put([a_task() for _ in range(3 * BATCH)])
        retried = await store.claim(a_claim(limit=BATCH))
        await store.put([a_task("done", priority=1) for _ in range(TASKS)])
        for _ in range(TASKS // 2000):
            done = await store.claim(a_claim(limit=2000))
            await store.settle([a_settlement(task) for task in done])
        await store.settle([a_settlement(task, Event.RETRY, delay=seconds(60)) for task in retried])
        await store.put([a_task(run_at=clock.now() + seconds(60)) for _ in range(BATCH)])
        await store._database.fetch("ANALYZE {p}_tasks")
        yield store


@pytest.mark.parametrize("phase", sorted(WAITING))
async def test_pages_of_waiting_tasks_pass_over_no_successes(settled: PostgresStore, phase: Phase) -> None:
    query = TaskQuery(phases=frozenset({phase}), limit=BATCH)
    made = search(query, settled._database.now)
    assert made is not None
    assert BATCH == len(await settled.find(query))

    assert {} == {
        sql: rows for sql, rows in (await read(settled, [(made.text, tuple(made.values))])).items() if rows > MOST
    }


async def test_numbers_of_tasks_are_told_without_reading_them(settled: PostgresStore) -> None:
    counted = {each.queue: sum(each.by_state.values()) for each in await settled.counts()}

    rows = await read(settled, [(COUNTS, (settled._database.now,))])

    assert (TASKS + 4 * BATCH, {}) == (sum(counted.values()), {sql: n for sql, n in rows.items() if n > MOST})


async def test_a_search_of_some_minutes_reads_what_was_put_in_them(settled: PostgresStore, connection: Any) -> None:
    await connection.execute(f"SELECT brin_summarize_new_values('{settled._database.prefix}_tasks_age')")
    created = from_micros(settled._database.now or 0) + seconds(60)
    made = search(TaskQuery(created_from=created, name="nobody"), settled._database.now)
    assert made is not None

    rows = await read(settled, [(made.text, tuple(made.values))], **FREELY)

    assert rows[made.text] <= MOST


async def test_a_search_that_takes_too_long_is_given_up_and_leaves_the_store_as_it_was(
    settled: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcore.adapters.postgres.reading.PATIENCE", 0.001)

    with pytest.raises(StoreUnavailable, match="ask for fewer"):
        await settled.find(TaskQuery(contains={Part.PAYLOAD: "nowhere"}))

    monkeypatch.undo()
    assert [] == list(await settled.find(TaskQuery(contains={Part.PAYLOAD: "nowhere"})))


async def test_searches_leave_connections_to_those_who_work(
    settled: PostgresStore, postgres_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages ask at once."""
    running, most, together = 0, 0, Database.together

    async def counted(database: Database, work: Callable[[Runner], Awaitable[Any]]) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await together(database, work)
        finally:
            running -= 1

    prefix = settled._database.prefix
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock, connections=8) as store:
        monkeypatch.setattr(Database, "together", counted)
        slow = TaskQuery(contains={Part.PAYLOAD: "nowhere"})

        assert [[]] * 12 == await asyncio.gather(*[store.find(slow) for _ in range(12)])

    assert 2 == most


async def test_retention_skips_the_pages_that_hold_nothing_old_enough(crowded: PostgresStore, connection: Any) -> None:
    await connection.execute(f"SELECT brin_summarize_new_values('{crowded._database.prefix}_tasks_age')")
    prune = (PRUNE, (crowded._database.now, sorted(AT_REST), 3_600_000_000, 1000))

    rows = await read(crowded, [prune], enable_bitmapscan="on")

    assert rows[PRUNE] <= MOST


async def test_retention_of_failures_passes_over_no_successes(crowded: PostgresStore) -> None:
    later = (crowded._database.now or 0) + 10**12  # so that all are old enough
    prune = (PRUNE_RARE, (later, ["failed"], 3_600_000_000, BATCH))
    (failed,) = [counts.by_state[TaskState.FAILED] for counts in await crowded.counts() if counts.queue == "a"]

    rows = await read(crowded, [prune], enable_bitmapscan="on")

    assert rows[PRUNE_RARE] <= failed + BATCH
