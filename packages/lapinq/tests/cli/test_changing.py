"""Tasks that are cancelled, requeued and deleted: one by its id, many by conditions, and never by a slip."""

import json
from collections.abc import Callable

import pytest

from .conftest import Run, Show

Failed = Callable[..., str]


@pytest.fixture
def put(lapinq: Run) -> Callable[..., str]:
    return lambda *words: lapinq("task", "enqueue", "mytasks:add", *words).out.strip()


@pytest.fixture
def failed(lapinq: Run) -> Failed:
    """Make tasks of a queue that have failed."""

    def make(queue: str, times: int = 1) -> str:
        for _ in range(times):
            task = lapinq("task", "enqueue", "mytasks:boom", "-q", queue, "--max-retries", "1").out.strip()
        lapinq("worker", "--until-idle", "-q", queue, "--log-level", "error")
        return task

    return make


def statuses(lapinq: Run) -> dict[str, int]:
    found: dict[str, int] = {}
    for task in json.loads(lapinq("task", "list", "-j").out):
        found[task["status"]] = found.get(task["status"], 0) + 1
    return found


def test_what_failed_is_counted_first_and_requeued_by_queue(lapinq: Run, failed: Failed) -> None:
    failed("video", 2)
    failed("mail")
    words = ("task", "requeue", "--status", "failed")

    told = lapinq(*words, "--dry-run")
    assert (0, "Would requeue 3 failed tasks: mail 1, video 2. Nothing changed.\n", "") == told
    assert {"would_requeue": 2, "queues": {"video": 2}} == json.loads(
        lapinq(*words, "-q", "video", "--dry-run", "-j").out
    )
    assert {"failed": 3} == statuses(lapinq)
    assert (0, "No tasks found.\n") == lapinq(*words, "--older", "1h", "--yes")[:2]
    assert (0, "Requeued 2 tasks.\n") == lapinq(*words, "-q", "video", "--since", "1h", "--yes")[:2]
    assert {"failed": 1, "pending": 2} == statuses(lapinq)
    assert {"requeued": 1} == json.loads(lapinq("task", "requeue", "--all", "--yes", "-j").out)


def test_pending_tasks_are_cancelled_and_all_kinds_deleted(lapinq: Run, put: Callable[..., str]) -> None:
    one, other = put("-q", "a"), put("-q", "b")

    assert (0, "Cancelled 1 task.\n") == lapinq("task", "cancel", "-q", "a", "--yes")[:2]
    assert {"would_delete": [{"id": one}]} == json.loads(lapinq("task", "delete", one, "--dry-run", "-j").out)
    assert (0, f"Deleted task {one}\n") == lapinq("task", "delete", one, "--yes")[:2]
    assert (1, f"Task {one} not found.\n") == lapinq("task", "delete", one, "--yes")[::2]
    assert (0, "Deleted 1 task.\n") == lapinq("task", "delete", "--all", "--yes")[:2]
    assert (1, "[]\n") == (lapinq("task", "get", other).code, lapinq("task", "list", "-j").out)


@pytest.mark.parametrize("verb", ["cancel", "requeue", "delete"])
def test_nothing_is_changed_by_a_slip(lapinq: Run, put: Callable[..., str], verb: str) -> None:
    task = put()
    for words, told in (
        ([], "name a task, or conditions"),
        (["--yes"], "name a task, or conditions"),
        ([task, "-q", "default"], "not both"),
        ([task, "--all"], "not both"),
        (["-q", ""], "name a task, or conditions"),
        (["--older", "yesterday"], "expected a span of time"),
        (["--since", "2026-04-01T12:00:00"], "with its zone"),
    ):
        ran = lapinq("task", verb, *words)
        assert (2, "", True) == (ran.code, ran.out, told in ran.err), (words, ran)
    assert {"pending": 1} == statuses(lapinq)


def test_a_status_that_cannot_be_changed_so_is_refused(lapinq: Run) -> None:
    ran = lapinq("task", "requeue", "-s", "completed")

    assert (2, "Error: status must be failed here, got 'completed'\n") == (ran.code, ran.err)


def test_many_are_changed_after_a_yes_alone(lapinq: Run, terminal: Show, put: Callable[..., str]) -> None:
    put("-q", "a")
    words = ("task", "delete", "-q", "a")

    ran = lapinq(*words)
    assert (2, True) == (ran.code, "a yes is needed to delete 1 task: a 1\nHint: look first" in ran.err)
    assert "Delete 1 task: a 1? [y/N] Nothing changed.\n" == terminal(*words, keys="\n").lstrip()
    assert "Deleted 1 task.\n" in terminal(*words, keys="y\n")


def test_a_person_sees_a_table_and_a_pipe_the_lines_that_scripts_know(
    lapinq: Run, terminal: Show, put: Callable[..., str]
) -> None:
    task = put("-q", "a")

    shown = terminal("task", "list", "--name", "ad", "--since", "1m").splitlines()
    assert ["ID", "State", "Task", "Queue", "Attempts", "Created", "Error"] == shown[0].split()
    assert f"…{task[-8:]} ○ pending add a 0/3 0 s ago".split() == shown[1].split()
    assert "No tasks found.\n" == terminal("task", "list", "--name", "boom")
    assert f"  {task}  pending" == lapinq("task", "list").out[:47]
