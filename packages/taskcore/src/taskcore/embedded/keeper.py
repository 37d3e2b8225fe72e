"""The parent of one embedded server: a process that runs this file, with nothing but the standard library.

It keeps the server alive while anybody holds the lock of its users, restarts it when it crashes, and stops it when the
last user is gone, whichever way that one ended: the kernel takes locks from the dead, so nobody has to be asked.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

USERS = "users.lock"
"""Shared by every process that uses the server; the keeper waits to have it alone."""
KEEPER = "keeper.lock"
"""Held by the keeper."""
SERVER = "server.lock"
"""Inherited by the server and its children: free only when all of them are gone."""
PID = "pid"
"""The process of the server; absent while there is none."""

_TOO_QUICK = 1.0
"""A server that dies sooner than this, in seconds, would only die again."""
_GRACE = 20.0
"""Seconds that a server has to stop by itself."""


def lock(path: Path, how: int) -> int:
    """Take a lock, and answer the descriptor that holds it until it is closed here and in every child.

    Raises:
        BlockingIOError: somebody else has it, and ``how`` says not to wait.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_free(path: Path, how: int = fcntl.LOCK_SH) -> bool:
    """Whether this lock could be had now, in this way."""
    try:
        os.close(lock(path, how | fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def end_former(home: Path, stop: int) -> None:
    """Stop a server that nobody keeps any more, because its own keeper was killed, and wait for its children."""
    for way in (stop, signal.SIGKILL):
        if is_free(home / SERVER):
            break
        with suppress(OSError, ValueError):
            os.kill(int((home / PID).read_text()), way)
        patience = time.monotonic() + _GRACE
        while not is_free(home / SERVER) and time.monotonic() < patience:
            time.sleep(0.01)
    (home / PID).unlink(missing_ok=True)


class Keeper:
    """Runs ``command``, which stops cleanly at the signal ``stop``."""

    def __init__(self, home: Path, command: list[str], stop: int) -> None:
        self._home, self._command, self._stop = home, command, stop
        self._turn = threading.Lock()  # between a start of the server and the decision to stop it
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Return when the server has stopped: after its last user, or because it cannot run."""
        keeper = lock(self._home / KEEPER, fcntl.LOCK_EX | fcntl.LOCK_NB)
        threading.Thread(target=self._stop_after_the_last_user, daemon=True).start()
        while process := self._start():
            started = time.monotonic()
            code = process.wait()
            (self._home / PID).unlink(missing_ok=True)
            if time.monotonic() - started < _TOO_QUICK:
                if code >= 0:  # Nobody killed it.
                    break
                time.sleep(0.1)
        end_former(self._home, self._stop)
        # The lock of the users goes last, with this process: whoever gets it then finds the others free.
        os.close(keeper)

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._turn:
            if self._stopping:
                return None
            end_former(self._home, self._stop)  # The children of a server that was killed take a moment to notice.
            server = lock(self._home / SERVER, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, pass_fds=[server])
            os.close(server)
            written = self._home / "pid.new"
            written.write_text(str(self._process.pid))
            written.replace(self._home / PID)
            return self._process

    def _stop_after_the_last_user(self) -> None:
        lock(self._home / USERS, fcntl.LOCK_EX)
        with self._turn:
            self._stopping = True
            process = self._process
        if process is not None:
            process.send_signal(self._stop)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
            process.kill()


def main() -> None:
    """Arguments: the folder, and the command and its stop signal as JSON."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # It ends with its users, not with the terminal or the service.
    Keeper(Path(sys.argv[1]), **json.loads(sys.argv[2])).run()


if __name__ == "__main__":
    main()
