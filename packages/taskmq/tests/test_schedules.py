"""Schedules of jobs: what can be asked for, and that workers fire each due instant once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.engine import schedule_acts
from taskcore.errors import InvalidInput
from taskmq.bridge import bridge
from taskmq.errors import NotSupported, ScheduleExists, ScheduleNotFound
from taskmq.job import Job
from taskmq.options import JobOptions
from taskmq.schedules import JobSchedule, Schedules
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

from .test_foreign_queue import ListBackend

Drain = Callable[..., Worker]
Wait = Callable[..., Any]
Meanwhile = Callable[[Callable[[Any, datetime], Any]], None]
HOURLY = timedelta(hours=1)


@pytest.fixture
def schedules(backend: StoreBackend) -> Schedules:
    return Schedules(backend)


def order(**fields: Any) -> JobSchedule:
    known: dict[str, Any] = {"id": "report", "options": JobOptions(handler="dummy")}
    return JobSchedule(**(known | fields))


def test_a_schedule_is_told_as_it_was_asked_for(schedules: Schedules) -> None:
    asked = order(
        cron="30 2 * * MON-FRI",
        zone="Europe/Rome",
        payload={"of": ["sales"]},
        options=JobOptions(
            handler="report",
            queue="night",
            priority=7,
            retry_policy="fixed",
            max_retries=5,
            retry_delay=1.5,
            timeout=timedelta(minutes=2),
            concurrency_key="reports",
            concurrency_limit=3,
        ),
        gap="skip",
        fold="second",
        misfire="skip",
        grace=timedelta(minutes=5),
        overlap="queue_one",
        paused=False,
    )

    saved = schedules.add(asked)

    assert asked == saved.order
    assert saved == schedules.get("report")
    assert [saved] == schedules.list()
    assert saved.next_at == schedules.upcoming("report", 1)[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "got neither"),
        ({"cron": "* * * * *", "every": HOURLY}, "got both"),
        ({"cron": "0 0 30 2 *"}, "names no date"),
        ({"cron": "nonsense"}, "'nonsense'"),
        ({"cron": "0 3 * * *", "zone": "Mars/Olympus"}, "IANA name"),
        ({"cron": "0 3 * * *", "gap": "jump"}, "gap must be"),
        ({"cron": "0 3 * * *", "fold": "third"}, "fold must be"),
        ({"cron": "0 3 * * *", "start": datetime(2026, 1, 1, tzinfo=UTC)}, "start belongs to every"),
        ({"every": timedelta(milliseconds=1500)}, "whole seconds"),
        ({"every": timedelta(0)}, "whole seconds"),
        ({"every": HOURLY, "zone": "Europe/Rome"}, "belong to cron"),
        ({"every": HOURLY, "start": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - that is the mistake
        ({"every": HOURLY, "misfire": "never"}, "misfire policy must be"),
        ({"every": HOURLY, "grace": timedelta(seconds=-1)}, "misfire grace must be"),
        ({"every": HOURLY, "overlap": "maybe"}, "overlap must be one of"),
        ({"every": HOURLY, "id": "a/b"}, "the id of a schedule"),
        ({"every": HOURLY, "id": "interval"}, "the id of a schedule"),
        ({"every": HOURLY, "paused": "yes"}, "paused must be"),
        ({"every": HOURLY, "payload": object()}, "object"),
        ({"every": HOURLY, "options": JobOptions(scheduled_for=datetime.now(UTC))}, "cannot have scheduled_for"),
        ({"every": HOURLY, "options": JobOptions(interval_seconds=5)}, "cannot have interval_seconds"),
        ({"every": HOURLY, "options": JobOptions(idempotency_key="k")}, "cannot have idempotency_key"),
        ({"every": HOURLY, "options": JobOptions(unique_key="k")}, "cannot have unique_key"),
        ({"every": HOURLY, "options": JobOptions(depends_on=[1])}, "cannot have depends_on"),
        ({"every": HOURLY, "options": JobOptions(expires_at=datetime.now(UTC))}, "cannot have expires_at"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(schedules: Schedules, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        schedules.save(order(**fields))

    assert [] == schedules.list()


def test_an_id_is_added_once_and_replaced_at_will(schedules: Schedules) -> None:
    schedules.add(order(every=HOURLY))

    with pytest.raises(ScheduleExists, match="'report'"):
        schedules.add(order(cron="0 3 * * *"))
    assert "0 3 * * *" == schedules.save(order(cron="0 3 * * *")).order.cron


def test_declaring_a_schedule_again_changes_neither_its_instants_nor_its_pause(schedules: Schedules) -> None:
    first = schedules.save(order(every=HOURLY))
    paused = schedules.pause("report")

    assert paused == schedules.save(order(every=HOURLY))
    assert first.order.start == paused.order.start
    assert first.next_at == schedules.resume("report").next_at


def test_another_payload_does_not_move_the_instants(schedules: Schedules) -> None:
    first = schedules.save(order(every=HOURLY, payload=1))

    changed = schedules.save(order(every=HOURLY, payload=2))

    assert (2, first.next_at) == (changed.order.payload, changed.next_at)


def test_a_paused_schedule_tells_its_instants_and_has_no_next_one(schedules: Schedules) -> None:
    schedules.save(order(every=HOURLY, paused=True))

    assert schedules.get("report").paused
    assert schedules.get("report").next_at is None
    assert 5 == len(schedules.upcoming("report"))


def test_what_is_not_there_is_said_to_be_missing(schedules: Schedules) -> None:
    for act in (schedules.get, schedules.pause, schedules.resume, schedules.remove, schedules.run_now):
        with pytest.raises(ScheduleNotFound, match="no schedule 'absent'"):
            act("absent")
    for read in (schedules.upcoming, schedules.history):
        with pytest.raises(ScheduleNotFound):
            read("absent")


def test_a_backend_with_the_published_methods_alone_keeps_no_schedules() -> None:
    with pytest.raises(NotSupported, match="keeps no schedules"):
        Schedules(ListBackend())


def test_a_worker_stores_and_runs_the_job_of_a_due_instant(
    schedules: Schedules, backend: StoreBackend, drain: Drain
) -> None:
    seen: list[Job] = []
    start = datetime.now(UTC) - timedelta(minutes=5)
    schedules.save(order(every=timedelta(seconds=200), start=start, payload={"a": 1}, options=JobOptions()))
    missed(backend, start)

    drain(func=seen.append)

    (job,) = seen
    assert ({"a": 1}, "report") == (job.payload, job.schedule)
    (fired,) = schedules.history("report")
    assert start + timedelta(seconds=200) == fired.instant
    assert (job.id, "success", None) == (fired.job_id, fired.job and fired.job.state, fired.skipped)


def test_what_was_missed_is_one_job_and_the_history_says_why(
    schedules: Schedules, backend: StoreBackend, drain: Drain
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=60)
    schedules.save(order(every=timedelta(minutes=7), start=start, options=JobOptions()))
    missed(backend, start)

    drain(func=lambda job: None)

    fired, skipped = schedules.history("report")
    assert (start + timedelta(minutes=56), 1) == (fired.instant, fired.job_id)
    assert ("misfire=coalesce", 7, None) == (skipped.skipped, skipped.count, skipped.job_id)


def test_running_one_now_leaves_its_instants_alone(schedules: Schedules, backend: StoreBackend, drain: Drain) -> None:
    before = schedules.save(order(every=HOURLY, payload="now", options=JobOptions()))

    job_id = schedules.run_now("report")
    drain(func=lambda job: job.payload)

    job = backend.get_job(job_id)
    assert job is not None
    assert ("success", "now", "report") == (job.state, job.return_value, job.schedule)
    assert before == schedules.get("report")
    assert [] == schedules.history("report")


def test_a_dead_job_of_a_schedule_is_replayed_like_any_other(
    schedules: Schedules, backend: StoreBackend, drain: Drain
) -> None:
    schedules.save(order(every=HOURLY, options=JobOptions(retry_policy="none", queue="default", priority=3)))
    schedules.run_now("report")

    def fail(job: Job) -> None:
        raise ValueError("no")

    drain(func=fail)
    (dead,) = backend.list_dead_jobs()
    replayed = backend.replay_dead_job(dead.id)
    drain(func=lambda job: None)

    job = backend.get_job(replayed or 0)
    assert job is not None
    assert ("success", "report", 3) == (job.state, job.schedule, job.priority)


def test_many_workers_fire_each_instant_once(
    schedules: Schedules, backend: StoreBackend, start: Drain, wait: Wait
) -> None:
    seen: list[int] = []
    for _ in range(3):
        start(func=lambda job: seen.append(job.id))
    schedules.save(order(every=timedelta(seconds=1), options=JobOptions()))

    # Time itself is the subject: two instants take two seconds.
    fires = wait(lambda: [each for each in schedules.history("report") if each.job_id in seen][1:])

    assert fires
    assert len(seen) == len(set(seen))
    history = schedules.history("report")
    assert len(history) == len({each.instant for each in history}) == len({each.job_id for each in history})


def test_the_next_worker_leads_at_once_when_one_stops(
    schedules: Schedules, drain: Drain, backend: StoreBackend
) -> None:
    drain(func=lambda job: None)
    start = datetime.now(UTC) - timedelta(seconds=90)
    schedules.save(order(every=timedelta(seconds=60), start=start, options=JobOptions()))
    missed(backend, start)

    drain(func=lambda job: None)

    assert 1 == len(schedules.history("report"))


def test_who_adds_what_somebody_else_adds_at_the_same_time_is_refused(
    schedules: Schedules, meanwhile: Meanwhile
) -> None:
    theirs = order(every=HOURLY)
    meanwhile(lambda store, now: store.save_schedule(theirs.spec(now), now))

    with pytest.raises(ScheduleExists):
        schedules.add(order(cron="@daily"))

    assert HOURLY == schedules.get("report").order.every


def test_a_save_keeps_what_somebody_else_does_at_the_same_time(schedules: Schedules, meanwhile: Meanwhile) -> None:
    schedules.add(order(every=HOURLY))
    meanwhile(lambda store, now: store.save_schedule(order(every=HOURLY, paused=True).spec(now), now))

    schedules.save(order(every=HOURLY, payload={"new": True}))

    saved = schedules.get("report").order
    assert (True, {"new": True}) == (saved.paused, saved.payload)


def test_a_pause_brings_nothing_back_that_somebody_removes_at_the_same_time(
    schedules: Schedules, meanwhile: Meanwhile
) -> None:
    schedules.add(order(every=HOURLY))
    meanwhile(lambda store, now: store.remove_schedule("report"))

    with pytest.raises(ScheduleNotFound):
        schedules.pause("report")

    assert [] == schedules.list()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """``meanwhile(deed)`` does something right after the next look at a schedule."""
    read, deeds = schedule_acts.read, list[Any]()

    async def look(store: Any, schedule: str) -> Any:
        found = await read(store, schedule)
        while deeds:
            await deeds.pop()(store, await store.now())
        return found

    monkeypatch.setattr(schedule_acts, "read", look)
    return deeds.append


def missed(backend: StoreBackend, since: datetime) -> None:
    """Make it so that nobody has looked after the schedule "report" since then."""

    async def rewind(store: Any) -> None:
        (record,) = await store.schedules()
        await store.remove_schedule(record.spec.id)
        await store.save_schedule(record.spec, since)

    bridge.run(rewind(backend.store))
