"""Programs that change the table of the public release with SQL."""

import pytest
from lapinq.service import Service
from lapinq.storage import Storage

pytestmark = pytest.mark.anyio


async def test_rows_of_the_view_can_be_deleted_with_sql(service: Service, storage: Storage) -> None:
    """As people did who kept the table of the public release small."""
    done, running, waiting = [await storage.enqueue("add", "default", "mytasks") for _ in range(3)]
    assert done is not None
    assert done == (await storage.claim_task("w") or {})["id"]
    await storage.complete_task(done, "1")
    assert running == (await storage.claim_task("w") or {})["id"]

    for status, left in (("completed", {"running": 1, "pending": 1}), ("running", {"pending": 1})):
        assert "DELETE 1" == await storage.pool.execute("DELETE FROM lapinq_tasks WHERE status = $1", status)
        (stats,) = await service.queues()
        assert left == {word: count for word, count in stats.counts.items() if count}
    assert [waiting] == [task.id for task in (await service.list()).items]
    for table in ("leases", "attempts", "logs"):
        assert 0 == await storage.pool.fetchval(f"SELECT count(*) FROM lapinq_core_{table}")


async def test_rows_of_the_view_can_be_moved_to_another_queue_with_sql(service: Service, storage: Storage) -> None:
    first, _ = [await storage.enqueue("add", "default", "mytasks") for _ in range(2)]
    assert first == (await storage.claim_task("w") or {})["id"]

    assert "UPDATE 2" == await storage.pool.execute("UPDATE lapinq_tasks SET queue_name = 'mail'")
    assert "UPDATE 2" == await storage.pool.execute("UPDATE lapinq_tasks SET queue_name = 'mail', priority = 1")
    await storage.complete_task(first, "1")

    (stats,) = await service.queues()
    assert ("mail", {"pending": 1, "completed": 1}) == (
        stats.queue_name, {word: count for word, count in stats.counts.items() if count},
    )  # fmt: skip
