"""What commands change is in the audit log: one entry each, by whoever sits at the shell."""

import asyncio
import json
from collections.abc import Callable

import asyncpg
import pytest
from lapinq.cli import noting
from taskcore.errors import StoreUnavailable

from .conftest import Run

Entries = Callable[[], list[str]]
BY = "shell:ada cli"


@pytest.fixture
def entries(lapinq: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Entries:
    """Since the last call; with the id of a schedule left out."""
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    async def read() -> list[str]:
        connection = await asyncpg.connect(postgres_url)
        columns = "actor, via, action, regexp_replace(target, '(key|schedule|user):.*', '\\1'), detail"
        rows = await connection.fetch(f"SELECT {columns} FROM lapinq_core_accounts_entries ORDER BY id")
        await connection.execute("DELETE FROM lapinq_core_accounts_entries")
        await connection.close()
        return [" ".join(row).rstrip() for row in rows]

    return lambda: asyncio.run(read())


def test_changes_of_tasks_are_noted_with_what_they_were_about(lapinq: Run, entries: Entries) -> None:
    task, _, _ = (lapinq("task", "enqueue", "mytasks:add", "-q", "a").out.strip() for _ in range(3))

    lapinq("task", "cancel", task)
    lapinq("task", "cancel", "-q", "a", "--name", "add", "--yes")
    lapinq("task", "requeue", "--all", "--yes")
    lapinq("task", "delete", "--all", "--dry-run")
    lapinq("task", "delete", "--all", "--yes")

    assert [
        f"{BY} task.cancel task:{task}",
        f"{BY} tasks.cancel tasks:queue=a status=pending task_name=add 2 cancelled",
        f"{BY} tasks.delete tasks:all 3 deleted",
    ] == entries()


def test_queues_that_are_held_and_let_go_are_noted(lapinq: Run, entries: Entries) -> None:
    for words in (["pause", "a"], ["resume", "a"], ["limit", "a", "3"]):
        assert 0 == lapinq("queues", *words).code, words

    assert [
        f"{BY} queue.pause queue:a Paused queue a",
        f"{BY} queue.resume queue:a Resumed queue a",
        f"{BY} queue.limit queue:a Queue a runs 3 tasks at once now",
    ] == entries()


def test_changes_of_schedules_and_accounts_are_noted(lapinq: Run, entries: Entries) -> None:
    id_ = lapinq("schedules", "add", "mytasks:add", "--cron", "0 3 * * *").out.split()[1]
    what = "schedule 0 3 * * * (UTC) add on default"
    change = ["change", id_, "--priority", "1"]
    for words in (change, ["pause", id_], ["resume", id_], ["list"], ["remove", id_, "--yes"]):
        assert 0 == lapinq("schedules", *words).code, words
    assert [f"{BY} schedule.{word} {what}" for word in ("add", "change", "pause", "resume", "remove")] == entries()

    made = json.loads(lapinq("webhooks", "rotate-secret", "-j").out)
    lapinq("webhooks", "end-secret", made["id"], "--yes")
    told = f"{made['fingerprint']}; those of before end in 86400 s"
    assert [
        f"{BY} webhook.rotate secret:{made['id']} {told}",
        f"{BY} webhook.end secret:{made['id']} {made['fingerprint']}",
    ] == entries()

    lapinq("keys", "add", "ci", "--role", "user")
    lapinq("users", "add", "bob", "--role", "admin", "--password-stdin", stdin="correct horse")
    assert [f"{BY} key.create key", f"{BY} user.create user"] == [" ".join(each.split()[:4]) for each in entries()]


def test_what_cannot_be_noted_is_done_and_the_command_says_so(lapinq: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(noting, "open_accounts", away)

    ran = lapinq("queues", "pause", "a")

    assert (0, "Paused queue a\n", "not in the audit log: queue.pause queue:a: away\n") == ran


def test_a_shell_of_a_user_without_a_name_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nameless)

    assert "shell:unknown" == noting.operator().id
