"""What a process hears of tasks and schedules, as a scraper reads it."""

from datetime import timedelta

from taskcore.events import ScheduleEvent, TaskEvent, TaskPut
from taskcore.ids import ScheduleId, TaskId
from taskcore.metrics import Metrics
from taskcore.models import TaskError
from taskcore.states import Event
from taskcore.testing import FakeClock

from .conftest import Read


def an_end(event: Event, name: str = "send", *, duration: float | None = 0.3, queue: str = "mail") -> TaskEvent:
    return TaskEvent(FakeClock().now(), event, TaskId("1"), name, queue, 1, None, duration, 2.0)


def test_ends_are_counted_by_queue_task_and_outcome(metrics: Metrics, read: Read) -> None:
    system = metrics.system("taskmq")

    system.hear([an_end(Event.SUCCEED), an_end(Event.SUCCEED), an_end(Event.RETRY), an_end(Event.FAIL, "pay")])
    system.hear([TaskPut(FakeClock().now(), TaskId("2"), "send", "mail")])

    place = {"system": "taskmq", "queue": "mail", "task": "send"}
    assert 2 == read("taskcore_tasks_total", **place, outcome="succeeded")
    assert 1 == read("taskcore_tasks_total", **place, outcome="retried")
    assert read("taskcore_tasks_total", **place, outcome="failed") is None
    assert 1 == read("taskcore_retries_total", **place)
    assert 1 == read("taskcore_dead_total", **{**place, "task": "pay"})
    assert 1 == read("taskcore_tasks_put_total", **place)


def test_durations_and_waits_are_histograms(metrics: Metrics, read: Read) -> None:
    metrics.system("taskmq").hear([an_end(Event.SUCCEED, duration=0.3), an_end(Event.SUCCEED, duration=5000.0)])

    place = {"system": "taskmq", "queue": "mail", "task": "send"}
    buckets = [
        read("taskcore_task_duration_seconds_bucket", **place, le=le) for le in ("0.25", "0.5", "3600.0", "+Inf")
    ]
    assert [0, 1, 1, 2] == buckets
    assert 5000.3 == read("taskcore_task_duration_seconds_sum", **place)
    assert (2, 4.0) == (
        read("taskcore_task_wait_seconds_count", **place),
        read("taskcore_task_wait_seconds_sum", **place),
    )


def test_names_that_would_fill_the_scraper_are_one(metrics: Metrics, read: Read) -> None:
    system = metrics.system("taskmq", names=2)

    system.hear([an_end(Event.SUCCEED, name) for name in ("a", "b", "c", "d")])

    found = {
        name: read("taskcore_tasks_total", system="taskmq", queue="mail", task=name, outcome="succeeded")
        for name in ("a", "b", "c", "d", "other")
    }
    assert {"a": 1, "b": 1, "c": None, "d": None, "other": 2} == found


def test_hostile_names_are_labels_like_any_other(metrics: Metrics, read: Read) -> None:
    name = 'a"} 1\nevil{x="\\'

    metrics.system("taskmq").hear([an_end(Event.SUCCEED, name)])

    assert 1 == read("taskcore_tasks_total", system="taskmq", queue="mail", task=name, outcome="succeeded")


def test_two_systems_share_a_registry_and_are_told_apart(metrics: Metrics, read: Read) -> None:
    metrics.system("taskmq", "1.0").hear([an_end(Event.SUCCEED)])
    metrics.system("lapinq", "2.0").hear([an_end(Event.SUCCEED)])

    for system in ("taskmq", "lapinq"):
        assert 1 == read("taskcore_tasks_total", system=system, queue="mail", task="send", outcome="succeeded")
    assert metrics.system("taskmq") is metrics.system("taskmq")


def test_two_applications_do_not_meet(metrics: Metrics, read: Read) -> None:
    Metrics().system("taskmq").hear([an_end(Event.SUCCEED)])

    assert read("taskcore_tasks_total", system="taskmq", queue="mail", task="send", outcome="succeeded") is None


def test_schedules_tell_how_late_they_were_and_what_they_missed(metrics: Metrics, read: Read, clock: FakeClock) -> None:
    system = metrics.system("cron")
    instant, late = clock.now(), clock.now() + timedelta(seconds=3)
    schedule = ScheduleId("nightly")

    system.hear(
        [
            ScheduleEvent(at=late, schedule=schedule, instant=instant, task=TaskId("1")),
            ScheduleEvent(at=late, schedule=schedule, instant=instant, skipped="misfire=coalesce", count=7),
        ]
    )
    system.lead(lambda: True)

    assert 0 == read("taskcore_schedule_lag_seconds_bucket", system="cron", le="2.5")
    assert 1 == read("taskcore_schedule_lag_seconds_bucket", system="cron", le="5.0")
    assert 7 == read("taskcore_schedule_missed_total", system="cron", policy="misfire=coalesce")
    assert 1 == read("taskcore_scheduler_leader", system="cron")


def test_a_periodic_run_that_failed_is_no_success(metrics: Metrics, read: Read) -> None:
    metrics.system("cron").hear([an_end(Event.REPEAT)._replace(error=TaskError("ValueError", "no"))])

    assert 1 == read("taskcore_tasks_total", system="cron", queue="mail", task="send", outcome="failed")


def test_what_is_not_counted_leaves_no_sample(metrics: Metrics, read: Read) -> None:
    metrics.system("taskmq").hear([an_end(Event.CLAIM)])

    assert read("taskcore_task_wait_seconds_count", system="taskmq", queue="mail", task="send") is None
