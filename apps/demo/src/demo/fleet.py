"""Worker processes, started the way a user starts them, and the accident that happens to one of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from taskcore.errors import TaskcoreError

LEASE = 2
"""Seconds. Short, so that one sees the recovery; a service would keep the default of 30."""
SLOTS = 4
"""Jobs at a time in each process."""
PATIENCE = 20
"""Seconds that a worker may take to end when it is told to."""


class WorkersFailed(TaskcoreError):
    """A worker process ended by itself, or none of them gets on."""

    code = "workers_failed"


@dataclass(frozen=True, slots=True)
class Member:
    """One worker process. Its id in the queue contains its process id."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def is_called(self, worker_id: str) -> bool:
        """Whether the queue knows it by this id."""
        return worker_id.split(":")[-2:-1] == [str(self.process.pid)]


@dataclass(frozen=True, slots=True)
class Casualty:
    """Who was killed, when, and which jobs it held then."""

    member: Member
    at: datetime
    jobs: Sequence[int]


@dataclass(slots=True)
class Fleet:
    """Worker processes on one database while the context is open; they work in a folder that is thrown away."""

    db: Path
    size: int
    members: list[Member] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="demo-")))
        self._stack.callback(self._end)
        for number in range(1, self.size + 1):
            self.members.append(self._start(f"worker {number}", folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, name: str, folder: Path) -> Member:
        log = folder / f"{name}.log"
        command = [sys.executable, "-m", "taskmq", "--db-path", str(self.db), "run-worker"]
        options = ["--import", "demo.jobs,demo.leash", "--max-workers", str(SLOTS), "--lease", f"{LEASE}s"]
        with log.open("wb") as output:
            process = subprocess.Popen([*command, *options], cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        return Member(name, process, log)

    def name_of(self, worker_id: str) -> str:
        """What a person calls the worker with this id."""
        return next((member.name for member in self.members if member.is_called(worker_id)), worker_id)

    def check(self, dead: Casualty | None) -> None:
        """Prove that everybody else lives.

        Raises:
            WorkersFailed: with the last words of the one that does not.
        """
        for member in self.members:
            code = member.process.poll()
            if code is not None and (dead is None or member is not dead.member):
                words = member.log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
                raise WorkersFailed(f"{member.name} ended by itself with exit code {code}; its last words:\n{words}")

    def kill_one(self, held: Callable[[], Mapping[str, Sequence[int]]]) -> Casualty | None:
        """Kill a worker that holds jobs; None when none of them does just now.

        It is stopped before anybody looks: what it holds then it cannot finish, and holds until it dies.
        """
        for member in self.members:
            try:
                if stopped(member.process.pid) and (jobs := self._held_by(member, held())):
                    member.process.kill()
                    return Casualty(member, datetime.now(UTC), jobs)
            finally:
                member.process.send_signal(signal.SIGCONT)  # the dead do not mind
        return None

    @staticmethod
    def _held_by(member: Member, held: Mapping[str, Sequence[int]]) -> list[int]:
        return sorted(job for worker, jobs in held.items() if member.is_called(worker) for job in jobs)

    def _end(self) -> None:
        """Tell everybody to stop; kill who does not."""
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            try:
                member.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()


def stopped(pid: int) -> bool:
    """Stop a child process with SIGSTOP, and wait until it stands still; False when it has ended instead."""
    os.kill(pid, signal.SIGSTOP)
    state = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return state is not None and state.si_code == os.CLD_STOPPED
