"""A queue in an empty folder, and four ways to a command: called, run, run on a terminal, and left running."""

import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from taskmq.cli import cli
from taskmq.storage import SQLiteBackend

HANDLERS = '''
import time
from pathlib import Path
from taskmq.jobs.handlers import register_handler

@register_handler("email")
def email(job):
    """Send a mail."""
    return {"sent": True}

@register_handler("report")
def report(job):
    raise ValueError("bad month 13")

@register_handler("raise")
def fail(job):
    raise ValueError(job.payload)

@register_handler("slow")
def slow(job):
    Path("started").touch()
    time.sleep(job.payload["seconds"])
    return "slept"
'''


@pytest.fixture(scope="session")
def empty_queue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A queue file without jobs: copying it is quicker than making the tables again."""
    path = tmp_path_factory.mktemp("queue") / "taskmq.db"
    SQLiteBackend(path).close()
    return path


@pytest.fixture(autouse=True)
def queue(folder: Path, empty_queue: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty queue in an empty working directory, beside the module ``myjobs`` with its handlers."""
    for name in [name for name in os.environ if name.startswith("TASKMQ_")]:
        monkeypatch.delenv(name)
    for name in ("NO_COLOR", "CLICOLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (folder / "myjobs.py").write_text(HANDLERS)
    return Path(shutil.copy(empty_queue, folder / "taskmq.db"))


@pytest.fixture
def taskmq(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Call a command in this process: (exit code, stdout, stderr), no terminal anywhere."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def call(*words: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, words, input=stdin, prog_name="taskmq")

    yield call
    sys.modules.pop("myjobs", None)


@pytest.fixture
def command() -> Callable[..., list[str]]:
    """The words that start a command in a process of its own."""
    return lambda *words: [sys.executable, "-m", "taskmq", *words]


@pytest.fixture
def process(command: Callable[..., list[str]]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command and leave it running; it is killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command(*words), stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Call a command on a real terminal of 120 columns where ``keys`` are typed, and return all that it shows there."""

    def show(*words: str, keys: str = "", env: Mapping[str, str] | None = None) -> str:
        ours, theirs = pty.openpty()
        shown: list[bytes] = []
        reader = threading.Thread(target=_read_all, args=(ours, shown))
        reader.start()
        os.write(ours, keys.encode())
        with (
            monkeypatch.context() as patched,
            os.fdopen(theirs, "w", encoding="utf-8") as screen,
            os.fdopen(os.dup(theirs), encoding="utf-8") as keyboard,
        ):
            for name, value in {"COLUMNS": "120", "TERM": "xterm", **(env or {})}.items():
                patched.setenv(name, value)
            for name, stream in (("stdin", keyboard), ("stdout", screen), ("stderr", screen)):
                patched.setattr(sys, name, stream)
            with suppress(SystemExit):
                cli.main(words, prog_name="taskmq")
        reader.join(30)
        os.close(ours)
        return b"".join(shown).decode().replace("\r\n", "\n")

    return show


def _read_all(terminal: int, shown: list[bytes]) -> None:
    with suppress(OSError):  # Linux says EIO when the last writer has left the terminal
        while chunk := os.read(terminal, 65_536):
            shown.append(chunk)


@pytest.fixture
def plain() -> Callable[[str], str]:
    """What a terminal showed, without its colours."""
    return lambda shown: re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
