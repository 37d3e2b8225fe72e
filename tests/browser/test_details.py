"""One task, one schedule, one queue: what their pages tell, and what they keep to themselves."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from playwright.sync_api import expect
from taskcore.ids import ScheduleId, WorkerId
from taskcore.models import LogLine, ScheduleSpec, TaskSpec, WorkerInfo
from taskcore.schedule import Cron

from .conftest import Visit
from .house import House
from .serving import Server

EXPRESSIONS = (
    "* * * * *",
    "*/5 * * * *",
    "7 * * * *",
    "0 */2 * * *",
    "30 2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "15 3 * * MON",
    "0 9 * * 1-5",
    "0 9 * * SAT,SUN",
    "0 0 1 * *",
    "0 12 15 * *",
    "0 0 L * *",
    "45 1 1 1 *",
    "0 0 29 2 *",
    "10,40 8-10 * * *",
    "0 6 * 3,9 *",
    "5 4 * * 7",
    "0 22 * * 5#2",
    "20 14 31 * *",
)
ZONES = ("UTC", "Europe/Vienna", "America/New_York")


def test_b23_a_failed_task_tells_its_story_without_its_secrets(visit: Visit, house: House) -> None:
    failed = house.story.tasks["failed"]
    page = visit("ada").go(f"/tasks/{failed}")

    expect(page.locator("svg.timeline")).to_be_visible()
    expect(page.get_by_role("link", name="Attempt 1")).to_be_visible()
    expect(page.locator(".traceback details").first).not_to_have_attribute("open", "")
    expect(page.locator(".traceback")).to_contain_text("shop/gateway.py")
    page.get_by_role("link", name="Arguments").click()
    page.wait_for_url(re.compile("tab=arguments"))
    expect(page.locator(".json")).to_contain_text("(redacted)")
    assert "sk-very-secret" not in page.content()
    page.go_back()
    expect(page.locator(".traceback")).to_be_visible()


def test_b23_a_log_grows_while_it_is_read(visit: Visit, house: House, server: Server) -> None:
    running = house.story.tasks["running"]
    page = visit("ada").go(f"/tasks/{running}?tab=logs")
    expect(page.get_by_role("log")).to_contain_text("opened the file")

    async def tell() -> None:
        line = LogLine(task=running, attempt=1, at=datetime.now(UTC), level="warning", message="nearly out of <disk>")
        await house.story.store.add_logs([line])

    server.within(tell())

    expect(page.get_by_role("log")).to_contain_text("nearly out of <disk>", timeout=6_000)


@pytest.mark.parametrize("zone", ZONES)
def test_b25_next_runs_are_those_of_another_cron(visit: Visit, house: House, server: Server, zone: str) -> None:
    store = house.story.store

    async def save() -> None:
        now = await store.now()
        for number, expression in enumerate(EXPRESSIONS):
            id_ = ScheduleId(f"oracle-{zone}-{number}".replace("/", "-"))
            task = TaskSpec(name="oracle", schedule=id_)
            await store.save_schedule(ScheduleSpec(id=id_, when=Cron(expression, zone), task=task), now)

    server.within(save())
    visitor = visit("ada")
    for number, expression in enumerate(EXPRESSIONS):
        name = f"oracle-{zone}-{number}".replace("/", "-")
        answer = visitor.context.request.get(
            f"{visitor.address}/schedules/{name}", headers={"Accept": "application/json"}
        ).json()["schedule"]
        upcoming = [datetime.fromisoformat(at) for at in answer["upcoming"]]
        oracle = CronSim(expression, (upcoming[0] - timedelta(seconds=1)).astimezone(ZoneInfo(zone)))
        assert [next(oracle).astimezone(UTC) for _ in upcoming] == upcoming, expression


def test_b25_a_schedule_is_paused_resumed_and_run_now(visit: Visit) -> None:
    page = visit("ada").go("/schedules")
    row = page.locator('tr[data-id="hourly-sync"]')

    row.get_by_role("link", name="Pause").click()
    page.get_by_role("button", name="Pause").click()
    expect(row.get_by_text("paused")).to_be_visible()
    row.get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    expect(row.get_by_text("paused")).to_have_count(0)
    row.get_by_role("link", name="Run now").click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status").filter(has_text="started")).to_be_visible()


def test_b26_the_calendar_leads_to_what_it_counts(visit: Visit) -> None:
    page = visit("ada").go("/schedules/calendar")

    expect(page.get_by_role("heading", name="All the time")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="every-minute every 1 min")).to_be_visible()
    cell = page.locator("table.calendar td a").first
    count = int(cell.inner_text())
    cell.click()
    expect(page.locator("#chosen li")).to_have_count(count)


def test_b30_a_paused_queue_says_so_and_so_do_its_tasks(visit: Visit) -> None:
    page = visit("ada").go("/queues")
    row = page.locator('tr[data-id="billing"]')

    row.get_by_role("link", name="Pause").click()
    page.get_by_label("Reason").fill("the bank is closed")
    page.get_by_role("button", name="Pause").click()

    expect(page.get_by_text("Queue billing is paused by ada: the bank is closed.")).to_be_visible()
    page.goto(page.url.replace("/queues", "/tasks?queue=billing&state=queued"))
    expect(page.locator("tr[data-id]").first).to_contain_text("queue paused")
    page.go_back()
    page.locator('tr[data-id="billing"]').get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Queue billing is paused")).to_have_count(0)


def test_b31_a_queue_that_nobody_serves_says_how_to_start_a_worker(visit: Visit, house: House, server: Server) -> None:
    page = visit("ada").go("/queues")
    alert = page.get_by_role("alert").filter(has_text="No worker serves the queue reports")
    expect(alert).to_contain_text("sample worker --queue reports")

    async def start() -> None:
        store = house.story.store
        worker = WorkerInfo(
            id=WorkerId("new:1"),
            host="new",
            pid=1,
            version="1",
            queues=("reports",),
            slots=1,
            started_at=await store.now(),
        )
        await store.sight(worker, timedelta(days=1))

    server.within(start())

    expect(alert).to_have_count(0, timeout=6_000)


def test_b25_a_schedule_is_written_while_its_next_runs_are_shown(visit: Visit) -> None:
    page = visit("ada").go("/schedules/new")
    runs = page.locator("#schedule-preview")
    page.get_by_label("Cron").press_sequentially("30 2 * * *")
    expect(runs.locator("tbody tr")).to_have_count(5)
    page.get_by_label("Time zone").fill("Europe/Vienna")
    expect(runs).to_contain_text("Europe/Vienna")
    expect(runs).to_contain_text("02:30:00 CE")
    expect(runs).to_contain_text("clocks go forward; will run at 03:00")
    page.get_by_label("When clocks go forward over it").select_option("skip")
    expect(runs).to_contain_text("clocks go forward; will not run")
    page.get_by_label("Cron").fill("30 25 * * *")
    expect(runs.locator(".error")).to_be_visible()

    page.get_by_label("Cron").fill("30 2 * * *")
    page.get_by_role("textbox", name="Task", exact=True).fill("written.here")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("written.here-default")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("dialog").get_by_label("Type").fill("written.here-default")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page).to_have_url(re.compile("/schedules$"))
