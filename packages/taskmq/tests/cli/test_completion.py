"""completion: the scripts, and what Tab offers."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from taskmq.cli import cli, completing

Taskmq = Callable[..., Result]
Offered = Callable[[str], list[str]]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Offered:
    """The words that Tab offers behind a line, however busy this machine is."""
    from click.shell_completion import ShellComplete

    monkeypatch.setattr(completing, "PATIENCE", 30.0)

    def tab(line: str) -> list[str]:
        *words, incomplete = line.split(" ")
        with monkeypatch.context():
            before = dict(os.environ)
            found = ShellComplete(cli, {}, "taskmq", "_TASKMQ_COMPLETE").get_completions(words, incomplete)
            os.environ.clear()
            os.environ.update(before)
        return [item.value for item in found]

    return tab


@pytest.fixture(autouse=True)
def some(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "email", "--queue", "mail")
    taskmq("add-job", "--handler", "report")
    taskmq("schedules", "add", "nightly", "--cron", "@daily")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("jobs ca", ["cancel"]),
        ("jobs list --sta", ["--state"]),
        ("jobs list --state ru", ["running"]),
        ("jobs cancel ", ["2", "1"]),
        ("get-job 2", ["2"]),
        ("jobs list --handler e", ["email"]),
        ("queues pause m", ["mail"]),
        ("schedules pause ", ["nightly"]),
        ("--db-path nowhere.db jobs cancel ", []),
        ("--backend redis --redis-url redis://127.0.0.1:1/0 jobs cancel ", []),
        ("--db-path /nowhere/at/all.db queues pause ", []),
        ("--config nowhere.toml queues pause ", []),
    ],
)
def test_tab_offers_what_the_queue_knows_and_never_fails(
    offered: Offered, folder: Path, line: str, expected: list[str]
) -> None:
    assert expected == offered(line)
    assert not (folder / "nowhere.db").exists()


def test_tab_waits_for_nobody(offered: Offered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "PATIENCE", 0.05)
    over = threading.Event()
    monkeypatch.setattr("taskmq.cli.get_backend", lambda: over.wait(30))  # a store that takes its time

    begun = time.monotonic()
    assert [] == offered("jobs cancel ")

    assert 20 > time.monotonic() - begun
    over.set()


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o nosort"), ("zsh", "#compdef taskmq"), ("fish", "complete ")]
)
def test_the_script_is_for_the_shell_that_asks(taskmq: Taskmq, shell: str, word: str) -> None:
    result = taskmq("completion", shell)

    assert 0 == result.exit_code
    assert word in result.stdout
    assert f"_TASKMQ_COMPLETE={shell}_complete" in result.stdout


def test_bash_completes(taskmq: Taskmq, folder: Path, command: Callable[..., list[str]]) -> None:
    (folder / "taskmq").write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    (folder / "taskmq").chmod(0o755)
    script = taskmq("completion", "bash").stdout
    ask = 'COMP_WORDS=(taskmq queues pa); COMP_CWORD=2; _taskmq_completion taskmq; echo "${COMPREPLY[@]}"'
    path = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    # ``python -m`` names the program for itself, as the console script does.
    shown = subprocess.run(["bash", "-c", f"{script}\n{ask}"], env=path, capture_output=True, text=True, check=True)

    assert "pause\n" == shown.stdout
