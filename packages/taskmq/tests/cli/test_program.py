"""How every command finds its queue, and how it ends."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from taskmq import cli as front
from taskmq.storage.base import QueueBackend

Taskmq = Callable[..., Result]


@pytest.fixture
def two_queues(taskmq: Taskmq) -> None:
    """One job in a.db, two in b.db."""
    for path in ("a.db", "b.db", "b.db"):
        taskmq("--db-path", path, "add-job", "--handler", "email")


@pytest.mark.usefixtures("two_queues")
def test_an_option_beats_the_environment_beats_the_default(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [] == taskmq("jobs", "list", "-q").stdout.split()

    monkeypatch.setenv("TASKMQ_DB_PATH", "a.db")
    assert ["1"] == taskmq("jobs", "list", "-q").stdout.split()

    assert ["2", "1"] == taskmq("--db-path", "b.db", "jobs", "list", "-q").stdout.split()
    assert "a.db" == os.environ["TASKMQ_DB_PATH"]


def test_without_options_the_environment_is_left_alone(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_BACKEND", "sqlite")
    seen: list[dict[str, str]] = []
    find = front.get_backend

    def watched() -> QueueBackend:
        seen.append(dict(os.environ))
        return find()

    monkeypatch.setattr(front, "get_backend", watched)
    before = dict(os.environ)

    taskmq("jobs", "list")

    assert [before] == seen


def test_an_unknown_backend_is_an_error(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_BACKEND", "REDIS")

    result = taskmq("jobs", "list")

    assert (2, "Error: TASKMQ_BACKEND must be sqlite or redis, got 'REDIS'.\n") == (result.exit_code, result.stderr)


@pytest.mark.parametrize(
    "path", [pytest.param("nowhere/jobs.db", id="no folder"), pytest.param("garbage.db", id="no queue")]
)
def test_a_store_that_cannot_be_opened_has_its_own_exit_code(taskmq: Taskmq, folder: Path, path: str) -> None:
    (folder / "garbage.db").write_bytes(b"no database at all " * 1000)

    result = taskmq("--db-path", path, "jobs", "list")

    assert (3, "") == (result.exit_code, result.stdout)
    assert path in result.stderr.splitlines()[0]
    assert result.stderr.endswith("Hint: check the address or run: taskmq doctor\n")
    assert 3 == taskmq("--db-path", path, "run-worker", "--until-idle").exit_code


@pytest.mark.parametrize("asked", [["--debug"], []])
def test_tracebacks_are_for_those_who_ask(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    def broken() -> None:
        raise RuntimeError("no\nsuch luck")

    monkeypatch.setattr(front, "get_backend", broken)

    result = taskmq(*asked, "jobs", "list")

    assert 1 == result.exit_code
    assert bool(asked) is ("Traceback" in result.stderr)
    assert "Error: unexpected RuntimeError: no\\nsuch luck.\nHint: run it again with --debug" in result.stderr


def test_the_environment_may_ask_for_tracebacks(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_DEBUG", "1")

    result = taskmq("get-job", "9")

    assert 1 == result.exit_code
    assert "Traceback" in result.stderr


def test_versions_and_help_are_data(taskmq: Taskmq) -> None:
    version, usage = taskmq("--version"), taskmq("--help")

    assert version.stdout.startswith("taskmq 0.")
    for part in ("python ", "sqlite ", "redis-py "):
        assert re.search(rf"[(, ]{part}\d", version.stdout)
    assert "TaskForge CLI" in usage.stdout
    assert (0, 0) == (version.exit_code, usage.exit_code)


def test_no_command_is_a_usage_error_that_helps(taskmq: Taskmq) -> None:
    result = taskmq()

    assert (2, "") == (result.exit_code, result.stdout)
    assert "Commands:" in result.stderr


def test_an_interrupt_ends_a_command_with_130(process: Callable[..., subprocess.Popen[str]]) -> None:
    waiting = process("add-job", "--handler", "email", "--wait", "--timeout", "1m")
    assert waiting.stdout is not None
    waiting.stdout.readline()

    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=60)

    assert (130, "Error: interrupted.") == (waiting.returncode, err.strip())


def test_a_reader_that_leaves_gets_no_traceback(taskmq: Taskmq, command: Callable[..., list[str]]) -> None:
    taskmq("add-job", "--payload", "-", stdin="{}\n" * 2000)
    with subprocess.Popen(
        command("jobs", "list", "--limit", "1000"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        err = child.stderr.read()

    assert b"" == err


def test_a_narrow_encoding_ends_no_command(command: Callable[..., list[str]]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    words = command("add-job", "--payload", '"日"', "--format", "table")

    added = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert (0, "") == (added.returncode, added.stderr)
    assert "\\u2026 pending" in added.stdout


def test_errors_as_documents_name_code_message_and_hint(taskmq: Taskmq, folder: Path) -> None:
    result = taskmq("get-job", "9", "--json")

    expected = {
        "code": "not_found",
        "message": f"job 9 not found in sqlite://{folder}/taskmq.db.",
        "hint": "list recent jobs with: taskmq jobs list",
    }
    assert (1, {"error": expected}) == (result.exit_code, json.loads(result.stdout))
