"""More of what the parts of a ``DashboardSource`` prove, as in ``taskcore.testing.contracts.dashboard``: those by which
people write."""

from dataclasses import replace
from datetime import timedelta

import pytest

from taskcore.errors import InvalidInput
from taskcore.ui.models import Action, Order
from taskcore.ui.models.webhooks import DeliveryFilter, DeliveryStatus
from taskcore.ui.source import ActionPart, DashboardSource, ScheduleEditorPart, SchedulePart, WebhookPart

WHEN = {
    "cron": "30 2 * * *",
    "zone": "Europe/Rome",
    "gap": "skip",
    "fold": "both",
    "misfire": "all",
    "grace": "5",
    "overlap": "skip",
    "queue": "contract",
}


class ScheduleEditorPartContract:
    """Schedules that are written. A face supplies ``task`` too: values of ``fields`` with which a schedule can be."""

    @pytest.fixture
    def editor(self, source: DashboardSource) -> ScheduleEditorPart:
        assert source.editor is not None
        return source.editor

    @pytest.fixture
    def written(self, editor: ScheduleEditorPart, task: dict[str, str]) -> dict[str, str]:
        """All that a form sends."""
        return {**{field.name: field.value for field in editor.fields}, **WHEN, **task}

    @pytest.fixture
    def schedules(self, source: DashboardSource) -> SchedulePart:
        assert source.schedules is not None
        return source.schedules

    async def test_what_was_saved_is_read_and_shown(
        self, editor: ScheduleEditorPart, schedules: SchedulePart, written: dict[str, str]
    ) -> None:
        id_ = await editor.save(None, written)
        assert id_ is not None
        values, detail = await editor.values(id_), await schedules.get(id_)

        assert values is not None
        assert written.items() <= values.items()
        assert {field.name for field in editor.fields} <= values.keys()
        assert detail is not None
        assert ("30 2 * * *", "Europe/Rome", "contract") == (detail.row.trigger, detail.row.zone, detail.row.queue)
        assert id_ == await editor.save(id_, {**values, "cron": "@hourly"})
        changed = await editor.values(id_)
        assert changed == {**values, "cron": "@hourly"}

    async def test_bad_values_are_refused_and_change_nothing(
        self, editor: ScheduleEditorPart, schedules: SchedulePart, written: dict[str, str]
    ) -> None:
        before = len((await schedules.list()).rows)
        for bad in ({"cron": "99 * * * *"}, {"zone": "Mars/Olympus"}, {"grace": "-1"}, {"overlap": "hug"}):
            with pytest.raises(InvalidInput):
                await editor.save(None, {**written, **bad})

        assert before == len((await schedules.list()).rows)

    async def test_a_schedule_that_is_not_there_is_none(
        self, editor: ScheduleEditorPart, written: dict[str, str]
    ) -> None:
        assert await editor.values("no such schedule") is None
        assert await editor.save("no such schedule", written) is None


class WebhookPartContract:
    """The log of webhooks. A face supplies a source with four deliveries at least, one of which has failed, of several
    queues, an endpoint whose circuit is open, and one secret."""

    @pytest.fixture
    def webhooks(self, source: DashboardSource) -> WebhookPart:
        assert source.webhooks is not None
        return source.webhooks

    @pytest.fixture
    def does(self, source: DashboardSource) -> ActionPart:
        assert source.does is not None
        return source.does

    async def test_pages_lead_to_every_delivery_once_newest_first(self, webhooks: WebhookPart) -> None:
        wanted, seen = DeliveryFilter(limit=3), list[str]()
        while True:
            page = await webhooks.deliveries(wanted)
            seen += [row.id for row in page.rows]
            if page.older is None:
                break
            wanted = replace(wanted, after=page.older)

        assert len(seen) == len(set(seen)) >= 4
        assert seen == sorted(seen, reverse=True)

    async def test_a_filter_holds(self, webhooks: WebhookPart) -> None:
        rows = (await webhooks.deliveries(DeliveryFilter(limit=200))).rows

        async def ids(wanted: DeliveryFilter) -> set[str]:
            return {row.id for row in (await webhooks.deliveries(replace(wanted, limit=200))).rows}

        for status in DeliveryStatus:
            assert {row.id for row in rows if row.status is status} == await ids(DeliveryFilter(status=status))
        first = rows[0]
        assert {row.id for row in rows if row.task == first.task} == await ids(DeliveryFilter(task=first.task))
        same = {row.id for row in rows if row.endpoint == first.endpoint}
        assert same == await ids(DeliveryFilter(endpoint=first.endpoint))
        queue = next(row.queue for row in rows if row.queue)
        visible = frozenset({queue})
        assert {row.id for row in rows if row.queue == queue} == await ids(DeliveryFilter(visible=visible))
        assert set() == await ids(DeliveryFilter(visible=frozenset()))
        assert set() == await ids(DeliveryFilter(task="no such task"))

    async def test_a_failed_delivery_is_opened_and_made_again(self, webhooks: WebhookPart, does: ActionPart) -> None:
        (row, *_) = (await webhooks.deliveries(DeliveryFilter(status=DeliveryStatus.FAILED))).rows
        detail = await webhooks.delivery(row.id)
        assert detail is not None
        assert (row, row.attempts) == (detail.row, len(detail.tries))

        result = await does.act(Order(action=Action.REPLAY_WEBHOOK, targets=(row.id, "nothing")))

        assert (1, ["nothing"]) == (result.done, list(result.skipped))
        again = await webhooks.delivery(row.id)
        assert again is not None
        assert again.row.status in (DeliveryStatus.PENDING, DeliveryStatus.RUNNING, DeliveryStatus.DELIVERED)
        assert await webhooks.delivery("nothing") is None

    async def test_a_circuit_is_closed(self, webhooks: WebhookPart, does: ActionPart) -> None:
        broken = next(row for row in await webhooks.endpoints() if row.is_open)
        order = Order(action=Action.CLOSE_CIRCUIT, targets=(broken.url, "https://nothing.example.com/"))

        result = await does.act(order)

        assert (1, ["https://nothing.example.com/"]) == (result.done, list(result.skipped))
        assert broken.url not in [row.url for row in await webhooks.endpoints() if row.is_open]

    async def test_a_secret_is_made_and_ended(self, webhooks: WebhookPart, does: ActionPart) -> None:
        made, text = await webhooks.rotate(timedelta(hours=1))
        listed = await webhooks.secrets()

        assert made == listed[0]
        assert text.startswith("whsec_")
        assert text not in str(listed)
        assert 1 == (await does.act(Order(action=Action.END_SECRET, targets=(made.id,)))).done
        assert made.id not in [row.id for row in await webhooks.secrets()]
        assert [made.id] == list((await does.act(Order(action=Action.END_SECRET, targets=(made.id,)))).skipped)
