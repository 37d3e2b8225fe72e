"""completion: the scripts, and what Tab offers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lapinq.__main__ import build_parser
from lapinq.cli import completing

from .conftest import Run

SCRIPT = Path(sys.executable).parent / "lapinq"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "PATIENCE", 30.0)


def test_the_names_that_the_database_has_are_offered(lapinq: Run) -> None:
    task = lapinq("task", "enqueue", "mytasks:add", "-q", "video").out.strip()
    lapinq("users", "add", "ada", "--role", "admin", "--password-stdin", stdin="correct horse")
    key = lapinq("keys", "add", "ci", "--role", "user").out.strip()
    lapinq("schedules", "add", "mytasks:add", "--cron", "@daily")
    args = build_parser().parse_args(["queues"])

    assert (["video"], [task], ["ada"]) == tuple(completing.found(kind, args) for kind in ("queues", "tasks", "users"))
    assert [[], []] == [list(completing.found(kind, args)) for kind in ("deliveries", "endpoints")]
    (prefix,), (schedule,) = completing.found("keys", args), completing.found("schedules", args)
    assert key.startswith(f"{prefix}_")
    assert schedule in lapinq("schedules", "list").out


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/x", "nonsense", "embedded"])
def test_nothing_is_offered_where_nobody_answers(lapinq: Run, url: str) -> None:
    args = build_parser().parse_args(["queues", "--database-url", url])

    assert [] == list(completing.found("queues", args))


def test_tab_completes_commands_and_queues(lapinq: Run, folder: Path) -> None:
    lapinq("task", "enqueue", "mytasks:add", "-q", "default")

    for line, expected in (("lapinq queues pa", "pause"), ("lapinq users add --ro", "--role")):
        offered = folder / "offered"
        asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
        asked["_ARGCOMPLETE_STDOUT_FILENAME"] = str(offered)
        subprocess.run([SCRIPT], env=os.environ | asked, check=True)
        assert expected == offered.read_text().strip()


def test_each_shell_has_a_script_that_bash_at_least_can_read(lapinq: Run) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "lapinq" in lapinq("completion", shell).out
    script = lapinq("completion", "bash").out
    assert 0 == subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode
