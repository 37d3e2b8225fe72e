"""What lapinq tells its dashboard keeps what is promised of each part."""

from datetime import timedelta

import pytest
from lapinq.api.pages import source_of
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.webhooks.endpoints import BROKEN_AFTER
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement, TaskSpec
from taskcore.ports import ChangeAlerts
from taskcore.states import Event
from taskcore.testing.contracts.dashboard_writing import ScheduleEditorPartContract, WebhookPartContract
from taskcore.ui.source import DashboardSource

pytestmark = pytest.mark.anyio


class TestSource(ScheduleEditorPartContract, WebhookPartContract):
    @pytest.fixture
    async def source(self, service: Service) -> DashboardSource:
        for queue in ("mail", "mail", "video", "video", "video"):
            await told(service, queue)
        failed = "UPDATE {0} SET state = 'failed', rare = 'failed', ready = NULL WHERE id = (SELECT min(id) FROM {0})"
        await service.tables.pool.execute(failed.format("lapinq_hooks_tasks"))
        for _ in range(BROKEN_AFTER):
            await service.deliveries.endpoints.failed("https://video.example.com/hook")
        return source_of(service, "nowhere")

    @pytest.fixture
    def task(self) -> dict[str, str]:
        return {"module_path": "mytasks", "task_name": "report", "args": "[1]", "ttl_seconds": "60"}


async def told(service: Service, queue: str) -> None:
    """A task has ended, and its endpoint is to be told."""
    url = f"https://{queue}.example.com/hook?token=1"
    order = Order(task_name="add", module_path="mytasks", queue_name=queue, webhook_url=url)
    task = await service.enqueue(order)
    record = await service.store.take(TaskId(str(task)), WorkerId("w"), timedelta(seconds=30))
    assert record is not None
    await service.store.settle([Settlement(fence=record.fence, event=Event.SUCCEED)])
    await (await service.deliveries.outbox()).tick()


async def test_pages_hear_at_once_of_tasks_and_within_a_second_of_webhooks(service: Service) -> None:
    changes = source_of(service, "nowhere").changes
    assert isinstance(changes, ChangeAlerts)
    before = await changes.revision()
    store = await service.deliveries.store()
    await store.put([TaskSpec(name="webhook", payload='{"url": "https://example.com/", "body": "{}"}')])

    assert before != await changes.revision()
