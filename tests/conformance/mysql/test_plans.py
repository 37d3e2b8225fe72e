"""Nothing that runs all the time reads the whole table or sorts it, and what locks rows looks at no others."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from taskcore.adapters.sql.store import SQLStore
from taskcore.ids import ScheduleId, WorkerId
from taskcore.models import TaskQuery
from taskcore.states import AT_REST, Event, TaskState
from taskcore.testing import a_claim, a_line, a_report, a_settlement, a_task, seconds

TASKS = 10_000


class Plans:
    """What the server says of each statement that a store runs."""

    def __init__(self, store: SQLStore, application: AsyncEngine) -> None:
        self._application = application
        self._ran: list[tuple[str, Any]] = []
        event.listen(store._server.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _c: Connection, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if "SAVEPOINT" not in statement:
            self._ran.append((statement, parameters[0] if many else parameters))

    async def taken(self) -> list[dict[str, Any]]:
        """The steps of the plans of all statements since the last call, each with its statement."""
        ran, self._ran = self._ran, []
        steps: list[dict[str, Any]] = []
        async with self._application.connect() as connection:
            for statement, parameters in ran:
                plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                steps += [{**row._mapping, "statement": statement} for row in plan]
        return steps


@pytest.fixture
async def plans(store: SQLStore, application: AsyncEngine) -> Plans:
    return Plans(store, application)


async def fill(store: SQLStore, application: AsyncEngine, prefix: str) -> None:
    later = await store.now() + seconds(3600)
    part = TASKS // 5
    for queue in ("a", "a", "b", "b"):
        await store.put([a_task(queue=queue)] * part)
    await store.put([a_task(run_at=later, expires_at=later, schedule=ScheduleId("s"))] * part)
    for end in (Event.SUCCEED, Event.FAIL, Event.INTERRUPT):
        held = await store.claim(a_claim("w1", "a", limit=part // 2))
        await store.settle([a_settlement(task, end) for task in held])
    await store.claim(a_claim("w1", "a", limit=100))
    async with application.begin() as connection:
        await connection.execute(text(f"ANALYZE TABLE {prefix}_tasks"))


async def run_all(store: SQLStore) -> None:
    """Every step of the hot path and of the upkeep."""
    w1 = WorkerId("w1")
    held = await store.claim(a_claim("w1", "b", limit=50))
    fences = [task.fence for task in held]
    await store.renew(fences, seconds(30))
    await store.report([a_report(fence, "line", progress=0.5) for fence in fences])
    await store.add_logs([a_line(fence) for fence in fences])
    await store.cancel([held[0].id])
    await store.cancellations(w1)
    await store.overdue(100)
    events = [Event.SUCCEED, Event.FAIL, Event.CANCEL, Event.RETRY, Event.RELEASE, Event.LOSE, Event.REPEAT]
    await store.exchange([a_settlement(task, end) for task, end in zip(held, events, strict=False)], a_claim("w1", "b"))
    await store.recover([a_settlement(held[-1], Event.LOSE)])
    await store.expire(100)
    await store.replay([held[0].id])
    await store.take(held[0].id, w1, seconds(30))
    await store.delete([held[1].id, held[2].id])
    await store.put([a_task(idempotency_key="k"), a_task(concurrency_key="c"), a_task(concurrency_key="c")])
    await store.claim(a_claim("w1", "default"))
    await store.claim(a_claim("w1", "default"))
    await store.get(held[2].id)
    await store.attempts(held[2].id)
    await store.logs(held[2].id)
    await store.find(TaskQuery(states=frozenset({TaskState.FAILED})))
    await store.find(TaskQuery(after=held[2].id))
    await store.find(TaskQuery(schedule=ScheduleId("s")))


async def test_the_steps_of_a_task_walk_only_indexes(
    store: SQLStore, application: AsyncEngine, prefix: str, plans: Plans
) -> None:
    await fill(store, application, prefix)
    await store.limit("b", 1000)
    await plans.taken()

    await run_all(store)
    await store.prune(AT_REST, timedelta(hours=1), 100)

    steps = [step for step in await plans.taken() if not str(step["table"]).endswith(("_controls", "_gates"))]
    scans = [step for step in steps if step["type"] == "ALL" and not str(step["table"]).startswith("<")]
    assert [] == [step for step in scans if step["select_type"] != "INSERT"]
    # Running tasks are few enough to be sorted.
    sorts = [step for step in steps if "filesort" in str(step["Extra"]) and not str(step["key"]).endswith("_leased")]
    assert [] == [step for step in sorts if int(step["rows"]) > 200]


async def test_what_locks_rows_of_a_small_table_looks_at_no_others(
    store: SQLStore, application: AsyncEngine, plans: Plans
) -> None:
    """A server prefers to read a small table as a whole, and would then wait for everybody who holds a row of it."""
    await store.put([a_task(queue="b")] * 60)
    await plans.taken()

    await run_all(store)

    steps = await plans.taken()
    locking = [step for step in steps if re.match("(UPDATE|DELETE)|.*FOR UPDATE", step["statement"], re.DOTALL)]
    tasks = [step for step in locking if str(step["table"]).endswith("_tasks")]
    assert 20 < len(tasks)
    assert [] == [step["statement"] for step in tasks if step["type"] not in ("range", "ref", "const", "eq_ref")]
