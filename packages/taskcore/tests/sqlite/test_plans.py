"""Nothing that runs all the time reads the whole table or sorts it: SQLite's own plans for 50,000 tasks say so."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from taskcore.adapters.sqlite import database, finding, reading, tasks, upkeep, work
from taskcore.adapters.sqlite.session import Session
from taskcore.ids import IdScheme, ScheduleId, WorkerId
from taskcore.models import Order, Part, Report, TaskQuery
from taskcore.states import AT_REST, Event, Phase, TaskState
from taskcore.testing import FakeClock, a_claim, a_line, a_settlement, a_task, seconds

TASKS = 50_000
# A table of controls has a few rows at most.
SCAN = re.compile(r"SCAN (t|taskcore_(?!controls)\w+)\b")


class Recording(sqlite3.Connection):
    """Remembers what it ran, with parameters as they were: a plan may not depend on their values."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ran: list[tuple[str, Sequence[object]]] = []

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "\n")):
            self.ran.append((sql, parameters))
        return super().execute(sql, parameters)


@pytest.fixture(scope="module", params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A store with many tasks in every state."""
    path: Path = tmp_path_factory.mktemp("plans") / "tasks.db"
    database.migrate(path, "taskcore", request.param, 30)
    clock = FakeClock()
    with closing(sqlite3.connect(path, isolation_level=None, factory=Recording)) as connection:
        session = Session(connection, "taskcore", request.param, clock)
        session.look_at_clock()
        _fill(session, clock)
        connection.ran.clear()
        yield session


def _fill(session: Session, clock: FakeClock) -> None:
    later = clock.now() + seconds(3600)
    part = TASKS // 5
    tasks.put(session, [a_task("rare", queue="r")] * 3)
    clock.advance(1)
    session.look_at_clock()
    tasks.put(session, [a_task(queue=queue) for queue in "ab" for _ in range(2 * part)])
    tasks.put(session, [a_task(run_at=later, expires_at=later, schedule=ScheduleId("s"))] * part)
    for event in (Event.SUCCEED, Event.FAIL, Event.INTERRUPT):
        held = work.claim(session, a_claim("w1", "a", limit=part // 2))
        work.settle(session, [a_settlement(task, event) for task in held])
    work.claim(session, a_claim("w1", "a", limit=100))


def steps(session: Session) -> list[str]:
    """The plans of all statements that ran since the last call; a sub-select has its own lines."""
    assert isinstance(session.connection, Recording)
    ran, session.connection.ran = session.connection.ran, []
    plans = [
        sqlite3.Connection.execute(session.connection, f"EXPLAIN QUERY PLAN {text}", list(values))
        for text, values in ran
    ]
    return [step for plan in plans for _, _, _, step in plan]


def indexes(taken: Sequence[str]) -> list[str]:
    return re.findall(r"INDEX taskcore_tasks_(\w+)", "\n".join(taken))


def run_all(session: Session) -> None:
    """Every step of the hot path and of the upkeep."""
    w1 = WorkerId("w1")
    held = work.claim(session, a_claim("w1", "b", limit=50))
    fences = [task.fence for task in held]
    work.renew(session, fences, seconds(30))
    work.report(session, [Report(fence=fence, progress=0.5, lines=(a_line(fence),)) for fence in fences])
    tasks.cancel(session, [held[0].id])
    work.cancellations(session, w1)
    upkeep.overdue(session, 100)
    events = [Event.SUCCEED, Event.FAIL, Event.CANCEL, Event.RETRY, Event.RELEASE, Event.LOSE, Event.REPEAT]
    work.settle(session, [a_settlement(task, event) for task, event in zip(held, events, strict=False)])
    upkeep.recover(session, [a_settlement(held[-1], Event.LOSE)])
    upkeep.expire(session, 100)
    upkeep.prune(session, AT_REST, timedelta(hours=1), 100)
    tasks.replay(session, [held[0].id])
    work.take(session, held[0].id, w1, seconds(30))
    tasks.delete(session, [held[1].id])
    tasks.put(session, [a_task(idempotency_key="k")])
    reading.has_work(session, ["a", "nobody's"])
    reading.get(session, held[2].id)
    reading.attempts(session, held[2].id)
    reading.logs(session, held[2].id, None, 100)


def test_the_steps_of_a_task_walk_only_indexes(crowded: Session) -> None:
    run_all(crowded)

    taken = steps(crowded)

    assert {"ready", "waiting", "leased", "rest", "expiring", "stopping", "key"} <= set(indexes(taken))
    assert [] == [step for step in taken if "TEMP B-TREE" in step or SCAN.match(step)]


def test_a_claim_from_several_queues_walks_the_index_once_for_each(crowded: Session) -> None:
    work.claim(crowded, a_claim("w1", "a", "b", "c", limit=1))

    assert 3 == indexes(steps(crowded)).count("ready")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        pytest.param(TaskQuery(states=frozenset({TaskState.FAILED})), "rare", id="failed"),
        pytest.param(TaskQuery(states=frozenset({TaskState.EXPIRED}), queue="a"), "rare", id="of a queue"),
        pytest.param(TaskQuery(states=frozenset({TaskState.CANCELLED}), order=Order.OLDEST), "rare", id="oldest"),
        pytest.param(TaskQuery(states=frozenset({TaskState.RUNNING})), "leased", id="running"),
        pytest.param(TaskQuery(schedule=ScheduleId("s")), "schedule", id="of a schedule"),
    ],
)
def test_rare_tasks_are_found_without_a_walk_through_the_others(crowded: Session, query: TaskQuery, index: str) -> None:
    finding.find(crowded, query)

    assert [index] == indexes(taken := steps(crowded)), taken
    if index != "leased":  # running tasks are few enough to be sorted
        assert [] == [step for step in taken if "TEMP B-TREE" in step]


NEWEST_HALF = FakeClock().now() + seconds(1)


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        pytest.param(TaskQuery(name="rare"), {"name"}, id="name"),
        pytest.param(TaskQuery(name="rare", states=frozenset({TaskState.PENDING})), {"name"}, id="name and state"),
        pytest.param(TaskQuery(name="send", queue="r"), {"ready", "waiting", "leased", "rest"}, id="queue and name"),
        pytest.param(TaskQuery(queues=frozenset({"r", "x"})), {"ready", "waiting", "leased", "rest"}, id="queues"),
        pytest.param(TaskQuery(phases=frozenset({Phase.RETRYING})), {"ready", "waiting"}, id="retrying"),
        pytest.param(TaskQuery(states=frozenset({TaskState.SUCCEEDED}), queue="b"), {"rest"}, id="succeeded"),
        pytest.param(TaskQuery(created_before=NEWEST_HALF), {"created"}, id="created"),
        pytest.param(TaskQuery(name="send", created_before=NEWEST_HALF), {"created"}, id="created and name"),
    ],
)
def test_what_a_short_walk_does_not_find_is_gathered_by_the_index_that_leads_to_the_fewest(
    crowded: Session, query: TaskQuery, chosen: set[str]
) -> None:
    found = finding.find(crowded, query)

    assert isinstance(crowded.connection, Recording)
    *_, gathering = crowded.connection.ran
    crowded.connection.ran = [gathering]
    taken = steps(crowded)
    assert chosen == set(indexes(taken)), taken
    assert [] == [step for step in taken if SCAN.match(step) and "USING" not in step], taken
    assert len(found) == len([record for record in found if query.name in (None, record.name)])


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(TaskQuery(name="send"), id="name"),
        pytest.param(TaskQuery(queue="default"), id="queue"),
        pytest.param(TaskQuery(phases=frozenset({Phase.SCHEDULED})), id="scheduled"),
        pytest.param(TaskQuery(created_from=NEWEST_HALF), id="created"),
        pytest.param(TaskQuery(contains={Part.PAYLOAD: "ull"}), id="payload"),
    ],
)
def test_frequent_tasks_are_met_by_a_walk_along_the_ids(crowded: Session, query: TaskQuery) -> None:
    assert 50 == len(finding.find(crowded, query))

    assert isinstance(crowded.connection, Recording)
    assert 2 == len(crowded.connection.ran), "the end of a short walk, and the walk"
    taken = steps(crowded)
    assert ([], []) == (indexes(taken), [step for step in taken if "TEMP B-TREE" in step]), taken


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        pytest.param({TaskState.RUNNING}, {"leased"}, id="few of them in so many of its tasks"),
        pytest.param({TaskState.PENDING}, {"schedule"}, id="its tasks among many more"),
    ],
)
def test_tasks_of_a_schedule_are_found_by_it_or_by_their_state(
    crowded: Session, states: set[TaskState], chosen: set[str]
) -> None:
    finding.find(crowded, TaskQuery(schedule=ScheduleId("s"), states=frozenset(states)))

    assert isinstance(crowded.connection, Recording)
    crowded.connection.ran = crowded.connection.ran[-1:]
    assert chosen == set(indexes(steps(crowded)))


def test_parts_of_ids_are_looked_for_in_the_index_of_ids(crowded: Session) -> None:
    (oldest,) = finding.find(crowded, TaskQuery(order=Order.OLDEST, limit=1))

    found = finding.find(crowded, TaskQuery(contains={Part.ID: oldest.id[:-1]}))

    assert oldest.id in [record.id for record in found] or crowded.ids is IdScheme.NUMBERED
    if crowded.ids is IdScheme.TIME_SORTED:
        assert "SCAN taskcore_tasks" not in steps(crowded)


@pytest.mark.parametrize("states", [frozenset(), frozenset({TaskState.PENDING})], ids=["any", "pending"])
def test_a_page_is_read_in_the_order_of_ids(crowded: Session, states: frozenset[TaskState]) -> None:
    (first,) = finding.find(crowded, TaskQuery(limit=1))
    steps(crowded)

    finding.find(crowded, TaskQuery(states=states, after=first.id))

    taken = steps(crowded)
    assert [] == [step for step in taken if "TEMP B-TREE" in step], taken


def test_counting_reads_no_task(crowded: Session) -> None:
    counted = reading.counts(crowded)

    taken = steps(crowded)
    assert TASKS + 3 == sum(sum(counts.by_phase.values()) for counts in counted)
    assert [] == [step for step in taken if re.match(r"(SCAN|SEARCH) taskcore_tasks (?!.*COVERING)", step)]


def test_tasks_without_a_free_slot_are_passed_over_by_an_index_alone(crowded: Session) -> None:
    tasks.put(crowded, [a_task(queue="k", concurrency_key="k")] * 2)
    assert 1 == len(work.claim(crowded, a_claim("w1", "k")))
    steps(crowded)

    assert [] == work.claim(crowded, a_claim("w1", "k"))
    assert not reading.has_work(crowded, ["k"])

    taken = steps(crowded)
    assert 2 == len([step for step in taken if "COVERING INDEX taskcore_tasks_ready" in step]), taken
