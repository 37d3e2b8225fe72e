"""Ways to a command: called in this process, with nobody there or on a terminal."""

import asyncio
import io
import os
import pty
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
from lapinq.__main__ import main
from lapinq.service import Service
from lapinq.settings import Settings
from pwdlib.hashers.argon2 import Argon2Hasher
from taskcore.auth import passwords

from ..conftest import EMPTY

TASKS = "def add(a=0, b=0): return a + b\ndef boom(): raise ValueError('boom')\n"


class Ran(NamedTuple):
    code: object
    out: str
    err: str


Run = Callable[..., Ran]
Show = Callable[..., str]


@pytest.fixture(scope="package", autouse=True)
def quick_hashes() -> Iterator[None]:
    """A hash that is good takes 64 MiB and a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "Argon2Hasher", partial(Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="package")
def tables(postgres_url: str) -> None:
    """Those of this release, so that emptying them is all that a test has to wait for."""

    async def make() -> None:
        await (await Service.open(Settings(database_url=postgres_url))).close()

    asyncio.run(make())


@pytest.fixture
def environment(tables: None, postgres_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty database, and a working directory that has tasks in ``mytasks``."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in os.environ if name.startswith("LAPINQ_")]:
        monkeypatch.delenv(name)
    for name in ("NO_COLOR", "CLICOLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (folder / "mytasks.py").write_text(TASKS)
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    asyncio.run(_empty(postgres_url))
    yield
    sys.modules.pop("mytasks", None)  # of this folder; the next test has another


@pytest.fixture
def lapinq(environment: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command where nobody sits."""

    def run(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main(words)
        return Ran(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def terminal(environment: None, monkeypatch: pytest.MonkeyPatch) -> Show:
    """Run a command on a terminal of 120 columns where ``keys`` are typed; answers all that it shows there, without
    colours."""

    def show(*words: str, keys: str = "") -> str:
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
            patched.setenv("COLUMNS", "120")
            patched.setenv("TERM", "xterm")
            for name, stream in (("stdin", keyboard), ("stdout", screen), ("stderr", screen)):
                patched.setattr(sys, name, stream)
            with suppress(SystemExit):
                main(words)
        reader.join(10)
        os.close(ours)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", b"".join(shown).decode()).replace("\r\n", "\n")

    return show


def _read_all(terminal: int, shown: list[bytes]) -> None:
    with suppress(OSError):  # Linux says EIO when the last writer has left the terminal
        while chunk := os.read(terminal, 65_536):
            shown.append(chunk)


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(url, ssl=False)
    await connection.execute(EMPTY)
    await connection.close()
