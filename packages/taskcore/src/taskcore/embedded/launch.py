"""Start the keeper of a server, and wait until the server answers."""

import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from taskcore.embedded import keeper
from taskcore.embedded.programs import Program
from taskcore.errors import StoreUnavailable

_PATIENCE = 60.0
"""Seconds until a server has to answer; it may have much to recover."""
_TRIES = 5
"""For a port that was free, and is taken before the server has it."""


def launch(program: Program, home: Path) -> None:
    """Start a server that is not running: at its former port if possible, so that clients find it again.

    Raises:
        MissingExtra: its wheel is not installed.
        StoreUnavailable: it does not come up.
    """
    keeper.end_former(home, program.stop)
    former = _former(home)
    password = former.password or secrets.token_urlsafe(24)
    port = former.port or _free_port()
    for _ in range(_TRIES):
        if _is_free(port):
            url = program.url(port, password)
            _keep(home / "url", url)
            ended = _start_keeper(program, home, program.command(home, url))
            if _comes_up(program, home, url, ended):
                return
            if _is_free(port):  # So this is not what kept it from starting.
                break
        port = _free_port()
    raise StoreUnavailable(f"{program.name} does not start in {home}. The end of its log:\n{_end_of_log(home)}")


def join(program: Program, home: Path) -> None:
    """Wait for a server that runs already, or that is just coming back.

    Raises:
        StoreUnavailable: it does not come back.
    """
    url = (home / "url").read_text()
    if not _comes_up(program, home, url, lambda: keeper.is_free(home / keeper.KEEPER)):
        raise StoreUnavailable(f"{program.name} in {home} has stopped. The end of its log:\n{_end_of_log(home)}")


def _former(home: Path) -> SplitResult:
    """The URL at which this server was, empty when it never ran."""
    url = home / "url"
    if not url.exists() and (home / "data").exists():
        raise StoreUnavailable(
            f"{home} has data, but the file url with their password is gone; restore it from a backup, or move the "
            f"folder away to start with an empty server"
        )
    return urlsplit(url.read_text() if url.exists() else "")


def _keep(file: Path, text: str) -> None:
    file.touch(0o600)
    file.write_text(text)


def _start_keeper(program: Program, home: Path, command: list[str]) -> Callable[[], bool]:
    """Start it, and answer the question whether it has ended."""
    order = json.dumps({"command": command, "stop": int(program.stop)})
    _keep(home / "log", "")
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            # Without the paths and packages of this process: the keeper needs none, and starts four times as fast.
            [sys.executable, "-I", "-S", keeper.__file__, str(home), order],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the user of the server, who may need it until the end.
        )
    threading.Thread(target=process.wait, daemon=True).start()  # Leaves no zombie, whenever it ends.
    return lambda: process.poll() is not None


def _comes_up(program: Program, home: Path, url: str, ended: Callable[[], bool]) -> bool:
    """Whether the server answers before its keeper has ended."""
    patience = time.monotonic() + _PATIENCE
    while not program.answers(home, url):
        if ended():
            return False
        if time.monotonic() > patience:
            raise StoreUnavailable(f"{program.name} in {home} does not answer. Its log:\n{_end_of_log(home)}")
        time.sleep(0.01)
    return True


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _end_of_log(home: Path) -> str:
    return "\n".join((home / "log").read_text(errors="replace").splitlines()[-10:])
