"""The use cases on a real database."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from lapinq import tables
from lapinq.errors import NotFailed, NotFinished, NotPending
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.storage import Storage
from lapinq.tables import Filter
from taskcore.errors import BadCursor, InvalidInput, TaskNotFound

pytestmark = pytest.mark.anyio

KEYS = [
    "id", "queue_name", "task_name", "module_path", "args", "kwargs", "status", "result", "error", "attempts",
    "max_retries", "priority", "created_at", "scheduled_at", "started_at", "completed_at", "last_heartbeat",
    "worker_id", "ttl_seconds", "metadata", "progress", "progress_message", "retry_delay", "retry_backoff",
    "webhook_url", "ttl_remaining",
]  # fmt: skip


async def put(service: Service, name: str = "add", **given: object) -> UUID:
    task = await service.enqueue(Order.from_json({"task_name": name, "module_path": "mytasks", **given}))
    assert task is not None
    return task


async def fail(storage: Storage, task: UUID, error: str = "boom") -> None:
    """Run a task, which has one execution, to its bad end."""
    assert (await storage.claim_task("w") or {}).get("id") == task
    await storage.fail_task(task, error)


async def test_a_task_is_shown_with_all_that_was_ordered_in_the_order_of_the_documentation(service: Service) -> None:
    at = "2030-01-01T00:00:00+00:00"
    task = await put(
        service,
        "video.transcode",
        queue_name="video",
        args=[1, {"~x": None}],
        kwargs={"k": "ü"},
        scheduled_at=at,
        max_retries=0,
        priority=-5,
        ttl_seconds="86400",
        metadata={"user": 42},
        retry_delay=30,
        retry_backoff=False,
        webhook_url="https://example.com/hook",
    )

    document = (await service.get(task)).document(await service.now())

    assert KEYS == list(document)
    assert {
        "id": str(task), "queue_name": "video", "task_name": "video.transcode", "module_path": "mytasks",
        "args": [1, {"~x": None}], "kwargs": {"k": "ü"}, "status": "pending", "result": None, "error": None,
        "attempts": 0, "max_retries": 0, "priority": -5, "scheduled_at": at, "ttl_seconds": 86400.0,
        "metadata": {"user": 42}, "retry_delay": 30.0, "retry_backoff": False, "progress": None,
        "webhook_url": "https://example.com/hook",
    }.items() <= document.items()  # fmt: skip
    assert document["ttl_remaining"].startswith(("23h 59m", "1d 0h"))


async def test_the_view_shows_what_the_api_shows(service: Service) -> None:
    task = await put(
        service, args=[1], metadata={"a": {"b": [2]}}, ttl_seconds=60, max_retries=7, webhook_url="http://h/"
    )
    await service.set_progress(task, 33.3, "a third")

    row = dict(await service.tables.pool.fetchrow("SELECT * FROM lapinq_tasks"))

    expected = (await service.get(task)).row() | {"args": "[1]", "kwargs": "{}", "metadata": '{"a": {"b": [2]}}'}
    assert expected == row
    assert KEYS[:-1] == list(row)


async def test_a_task_with_ttl_zero_is_not_stored(service: Service) -> None:
    order = Order.from_json({"task_name": "add", "module_path": "mytasks", "ttl_seconds": 0})

    assert await service.enqueue(order) is None
    assert () == (await service.list()).items


async def test_a_batch_with_one_bad_task_stores_nothing_and_says_which(service: Service) -> None:
    good = Order(task_name="add", module_path="mytasks")

    with pytest.raises(InvalidInput, match=r"task 1: .*standard library"):
        await service.enqueue_batch([good, Order(task_name="system", module_path="os")])

    assert () == (await service.list()).items


async def test_a_batch_of_more_than_a_thousand_is_refused(service: Service) -> None:
    with pytest.raises(InvalidInput, match="batch limit is 1000 tasks"):
        await service.enqueue_batch([Order(task_name="add", module_path="mytasks")] * 1001)


async def test_a_batch_answers_the_ids_of_stored_tasks_in_order(service: Service) -> None:
    ttls = [None, 0, 60.0]
    orders = [Order(task_name=f"t{n}", module_path="mytasks", ttl_seconds=ttl) for n, ttl in enumerate(ttls)]

    tasks = await service.enqueue_batch(orders)

    assert ["t0", "t2"] == [(await service.get(task)).task_name for task in tasks]


async def test_a_batch_of_a_thousand_is_one_statement(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def noted(connection: "asyncpg.Connection", query: str, *args: object, **kwargs: object) -> object:
        said.append(query)
        return await fetch(connection, query, *args, **kwargs)

    monkeypatch.setattr(asyncpg.Connection, "fetch", noted)
    tasks = {"task_name": "add", "module_path": "mytasks", "queue_name": "video", "metadata": {"user": 1}}

    placed = await service.enqueue_batch([Order.from_json({**tasks, "args": [number]}) for number in range(1000)])

    assert (1000, 1) == (len(set(placed)), len(said))


async def test_lists_are_newest_first_and_go_on_with_a_cursor(service: Service) -> None:
    tasks = [await put(service, f"t{n}") for n in range(5)]

    first = await service.list(limit=3)
    second = await service.list(limit=3, cursor=first.next_cursor)

    assert tasks[::-1] == [task.id for task in (*first.items, *second.items)]
    assert second.next_cursor is None
    with pytest.raises(BadCursor):
        await service.list(Filter(queue="x"), cursor=first.next_cursor)


@pytest.mark.parametrize("limit", [0, -1, True, "5"])
async def test_a_bad_limit_is_refused(service: Service, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit must be"):
        await service.list(limit=limit)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(Filter(queue="video"), {"transcode"}, id="queue"),
        pytest.param(Filter(status="pending"), {"transcode", "add_up"}, id="status"),
        pytest.param(Filter(status="nonsense"), set(), id="unknown status"),
        pytest.param(Filter(task_name="TRANS"), {"transcode"}, id="part of the name in any case"),
        pytest.param(Filter(task_name="a%p"), {"add_up"}, id="percent is any text"),
        pytest.param(Filter(task_name="add_up\\"), set(), id="a backslash at the end is one"),
        pytest.param(Filter(task_name="mytasks"), set(), id="the module is no part of the name"),
        pytest.param(Filter(args="7, 8"), {"add_up"}, id="arguments as JSON"),
        pytest.param(Filter(error="oo", status="failed"), {"broken"}, id="error"),
        pytest.param(Filter(queue="a\0b"), set(), id="text that no task has"),
        pytest.param(Filter(queue="", status="", args=""), {"transcode", "add_up", "broken"}, id="empty is no filter"),
    ],
)
async def test_filters_find_what_they_say(
    service: Service, storage: Storage, wanted: Filter, expected: set[str]
) -> None:
    await fail(storage, await put(service, "broken", max_retries=1))
    await put(service, "transcode", queue_name="video")
    await put(service, "add_up", args=[7, 8])

    assert expected == {task.task_name for task in (await service.list(wanted)).items}


@pytest.mark.parametrize("form", [str, lambda id_: id_.hex, lambda id_: f" {id_}".upper()])
async def test_a_task_is_found_by_its_whole_id_without_a_look_at_others(
    service: Service, form: Callable[[UUID], str]
) -> None:
    task, _ = await put(service), await put(service)
    wanted = Filter(id=form(task))

    where, values = tables._conditions(wanted)
    async with service.tables.transaction() as connection:
        await connection.execute(tables._WALK)
        rows = await connection.fetch(f"EXPLAIN SELECT 1 FROM lapinq_core_tasks AS t WHERE {where[0]}", *values)

    assert [task] == [found.id for found in (await service.list(wanted)).items]
    assert any(row[0].strip().startswith("Index Cond: (id = COALESCE") for row in rows)


@pytest.mark.parametrize("word", ["FILM", "film7", "null", "e16", "10000000000", "x1b", "ä", "v 1", "1e"])
async def test_words_in_arguments_are_found_however_they_are_stored(service: Service, word: str) -> None:
    """As PostgreSQL writes them as JSON."""
    for args in (["Film7.mp4", None], [1e16, "ÄPFEL"], [{"k": "v 1\x1b"}]):
        await put(service, args=args)
    shown = await service.tables.pool.fetch("SELECT id FROM lapinq_tasks WHERE args::text ILIKE $1", f"%{word}%")

    found = (await service.list(Filter(args=word))).items

    assert {row["id"] for row in shown} == {task.id for task in found}


async def test_a_list_says_how_many_there_are_unless_too_many_would_have_to_be_read(
    service: Service, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lapinq.reading.READ", 2)
    tasks = [await put(service, queue_name=queue) for queue in ("video", "video", "default")]
    await storage.cancel_task(tasks[0])
    wanted = {
        3: Filter(),
        2: Filter(queue="video"),
        1: Filter(queue="video", status="cancelled"),
        0: Filter(queue="nowhere", task_name="add"),
        None: Filter(task_name="add"),
    }

    assert list(wanted) == [await service.total(each) for each in wanted.values()]
    assert 2 == await service.total(Filter(queue="video", task_name="add"))
    assert 3 == await service.count(Filter(task_name="add"))


async def test_only_pending_tasks_can_be_cancelled(service: Service, storage: Storage) -> None:
    task = await put(service)

    await service.cancel(task)

    found = await service.get(task)
    assert ("cancelled", "cancelled by user") == (found.status, found.error)
    assert found.completed_at is not None
    for other in (task, uuid4()):
        with pytest.raises(NotPending, match="task not found or not pending"):
            await service.cancel(other)


async def test_a_failed_task_is_requeued_with_all_its_executions(service: Service, storage: Storage) -> None:
    task = await put(service, max_retries=1)
    await fail(storage, task)
    assert ["boom"] == [found.error for found in (await service.list(Filter(status="failed"))).items]

    await service.requeue(task)

    found = await service.get(task)
    assert ("pending", 0, None, None) == (found.status, found.attempts, found.error, found.completed_at)
    with pytest.raises(NotFailed, match="task not found or not failed"):
        await service.requeue(task)


async def test_a_result_is_there_once_the_task_has_ended(service: Service, storage: Storage) -> None:
    task = await put(service)
    with pytest.raises(NotFinished) as caught:
        await service.result(task)
    assert ("task not finished", "pending") == (str(caught.value), caught.value.status)

    await storage.claim_task("w")
    await storage.complete_task(task, '"done"')

    outcome = (await service.result(task)).outcome()
    assert ["id", "status", "result", "error", "completed_at"] == list(outcome)
    assert ("completed", '"done"', None) == (outcome["status"], outcome["result"], outcome["error"])


@pytest.mark.parametrize("progress", [-1, 100.1, float("nan"), True, None])
async def test_progress_goes_from_0_to_100(service: Service, progress: float) -> None:
    task = await put(service)
    with pytest.raises(InvalidInput, match="progress must be between 0 and 100"):
        await service.set_progress(task, progress)


async def test_progress_without_a_message_clears_the_earlier_one(service: Service) -> None:
    task = await put(service)
    await service.set_progress(task, 50, "half")
    await service.set_progress(task, 66.6)

    assert (66.6, None) == ((await service.get(task)).progress, (await service.get(task)).progress_message)
    with pytest.raises(TaskNotFound):
        await service.set_progress(uuid4(), 1)


async def test_metadata_is_merged_and_everything_else_stays(service: Service) -> None:
    task = await put(service, metadata={"a": 1, "b": 1}, ttl_seconds=60, retry_backoff=False)

    await service.merge_metadata(task, {"b": 2, "c": None})

    found = await service.get(task)
    assert ({"a": 1, "b": 2, "c": None}, 60.0, False) == (found.metadata, found.ttl_seconds, found.retry_backoff)


async def test_a_delete_without_a_filter_deletes_nothing(service: Service) -> None:
    await put(service)
    with pytest.raises(InvalidInput, match="all=true"):
        await service.delete(Filter())
    assert 0 == await service.delete(Filter(status="nonsense"))

    assert 1 == await service.delete(Filter(), everything=True)


async def test_a_delete_takes_running_tasks_too_and_leaves_no_lease(service: Service, storage: Storage) -> None:
    task = await put(service, "add")
    await put(service, "other")
    await storage.claim_task("w")

    assert 1 == await service.delete(Filter(task_name="add"))

    assert ["other"] == [found.task_name for found in (await service.list()).items]
    await storage.complete_task(task, "3")
    assert 0 == await service.tables.pool.fetchval("SELECT count(*) FROM lapinq_core_leases")


@pytest.mark.parametrize("wanted", [Filter(queue="default"), Filter(task_name="add")])
async def test_many_tasks_are_deleted_a_portion_at_a_time(
    service: Service, monkeypatch: pytest.MonkeyPatch, wanted: Filter
) -> None:
    """However many there are, no statement takes longer than it may."""
    monkeypatch.setattr(tables, "PORTION", 2)
    portions = list[int]()

    async def count(chosen: str, *values: object, settings: str) -> Sequence[str]:
        removed = await delete(chosen, *values, settings=settings)
        portions.append(len(removed))
        return removed

    delete = service.tables._delete
    monkeypatch.setattr(service.tables, "_delete", count)
    for _ in range(5):
        await put(service, "add")
    kept = await put(service, "other", queue_name="q")

    assert 5 == await service.delete(wanted)

    assert [2, 2, 1] == portions
    assert [kept] == [found.id for found in (await service.list()).items]


async def test_queues_count_every_status(service: Service, storage: Storage) -> None:
    await fail(storage, await put(service, max_retries=1))
    await put(service, queue_name="video")

    assert [
        {
            "queue_name": "default",
            "pending": 0,
            "running": 0,
            "completed": 0,
            "failed": 1,
            "cancelled": 0,
            "expired": 0,
        },
        {"queue_name": "video", "pending": 1, "running": 0, "completed": 0, "failed": 0, "cancelled": 0, "expired": 0},
    ] == [stats.document() for stats in await service.queues()]


async def test_a_sweep_expires_what_waits_and_removes_what_has_ended(service: Service, storage: Storage) -> None:
    done, waits, young = [await put(service, name, ttl_seconds=3600) for name in ("done", "waits", "young")]
    await storage.claim_task("w")
    await storage.complete_task(done)
    await service.tables.pool.execute(
        "UPDATE lapinq_core_tasks SET created_at = created_at - 4000000000, expires_at = expires_at - 4000000000 "
        "WHERE id <> $1",
        str(young),
    )

    swept = await service.sweep()

    assert (1, 1) == (swept.expired, swept.removed)
    found = {task.task_name: task for task in (await service.list()).items}
    assert {"waits", "young"} == found.keys()
    assert ("expired", "ttl expired") == (found["waits"].status, found["waits"].error)
    assert ("pending", waits) == (found["young"].status, found["waits"].id)


async def test_what_finished_long_ago_is_archived(service: Service, storage: Storage) -> None:
    task = await put(service)
    await storage.claim_task("w")
    await storage.complete_task(task)

    assert 0 == await service.archive(timedelta(days=1))
    await service.tables.pool.execute(
        "UPDATE lapinq_core_tasks SET created_at = created_at - $1, finished_at = finished_at - $1", 2 * 86_400_000_000
    )
    assert 1 == await service.archive(timedelta(days=1))


async def test_a_later_task_is_not_handed_out_before_its_time(service: Service, storage: Storage) -> None:
    await put(service, scheduled_at=datetime.now(UTC) + timedelta(hours=1))

    assert await storage.claim_task("w") is None
