"""Names of published releases: as their documentation shows them."""

from taskcore.adapters.memory import MemoryStore
from taskcore.events import TaskEvent, TaskPut
from taskcore.ids import TaskId, WorkerId
from taskcore.metrics import Metrics, exposition, lapinq_names, taskmq_names
from taskcore.models import HOUR, Claim
from taskcore.states import Event
from taskcore.testing import FakeClock, a_task

from .conftest import Read


def test_taskmq_has_its_documented_names_and_those_of_its_release(
    metrics: Metrics, read: Read, clock: FakeClock
) -> None:
    system = metrics.system("taskmq")
    system.also(taskmq_names(system, retried=lambda: 4))
    now = clock.now()
    ends = [Event.SUCCEED, Event.SUCCEED, Event.FAIL, Event.RETRY, Event.CANCEL]

    system.hear([TaskEvent(now, event, TaskId("1"), "send", "default", 1, None, 0.08, 0.0) for event in ends])
    system.hear([TaskPut(now, TaskId("1"), "send", "default")])

    assert (2, 1) == (read("taskmq_jobs_total", status="success"), read("taskmq_jobs_total", status="failed"))
    assert (0, 5) == tuple(read("taskmq_job_duration_seconds_bucket", le=le) for le in ("0.05", "0.1"))
    released = {
        "jobs_processed_total": 2,
        "job_retries_total": 2,
        "job_failures_total": 1,
        "queue_jobs_total": 1,
        "queue_jobs_failed_total": 1,
        "queue_jobs_retried_total": 4,
        "task_duration_seconds_count": 5,
    }
    assert released == {name: read(name) for name in released}


async def test_taskmq_shows_how_deep_its_queue_is(metrics: Metrics, read: Read, clock: FakeClock) -> None:
    store, system = MemoryStore(clock), metrics.system("taskmq")
    system.watch(store)
    system.also(taskmq_names(system))
    await store.put([a_task("a"), a_task("b")])
    await metrics.refresh()

    assert 2 == read("queue_depth")


async def test_lapinq_shows_five_statuses_of_every_queue_as_documented(metrics: Metrics, clock: FakeClock) -> None:
    store, system = MemoryStore(clock), metrics.system("lapinq")
    system.watch(store)
    system.also(lapinq_names(system, "1.3.0"))
    await store.put([a_task("a"), a_task("b"), a_task("c", queue='we"ird')])
    await store.claim(Claim(worker=WorkerId("w"), queues=("default",), limit=1, lease_for=HOUR))
    await metrics.refresh()

    body, _ = exposition(metrics.registry)

    lines = [line for line in body.decode().splitlines() if "lapinq_" in line and not line.startswith("taskcore")]
    assert [
        "# HELP lapinq_tasks Task counts by queue and status",
        "# TYPE lapinq_tasks gauge",
        'lapinq_tasks{queue="default",status="pending"} 1.0',
        'lapinq_tasks{queue="default",status="running"} 1.0',
        'lapinq_tasks{queue="default",status="completed"} 0.0',
        'lapinq_tasks{queue="default",status="failed"} 0.0',
        'lapinq_tasks{queue="default",status="cancelled"} 0.0',
        'lapinq_tasks{queue="we\\"ird",status="pending"} 1.0',
    ] == lines[:8]
    assert 'lapinq_info{version="1.3.0"} 1.0' == lines[-1]
