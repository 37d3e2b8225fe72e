"""A parent and its worker processes: it starts them, starts others for those that end, and ends with the last one.

Each child holds one end of a socket pair. When the parent goes, however suddenly, the child reads the end of it and
drains; and when the child is done, it writes there what it did.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from taskcore.engine.announcer import Tally
from taskcore.engine.signals import on_signals
from taskcore.retry import Exponential

BACKOFF = Exponential(0.5)
"""The waits before a process is replaced that ended badly, again and again ..."""
LONGEST_WAIT = 30.0
"""... but never longer, in seconds ..."""
SETTLED = 30.0
"""... and anew once a process has lived for so long."""
LAST_WORDS = 10.0
"""Seconds beyond its grace after which a process that was told to stop is killed."""

STOPPED = frozenset({0, 130, -signal.SIGTERM, -signal.SIGINT})
"""The exit codes of a process that was told to stop; all but the first when it was told before it could listen."""
USAGE = 2
"""The exit code of a process that another one like it would end with too."""


@dataclass(slots=True)
class Work:
    """What all processes did together; those that were killed have told nothing.

    Attributes:
        replaced: how often another process took the place of one that ended badly.
        code: the exit code for the parent: 0, unless processes would not start, or not stop.
    """

    tally: Tally
    replaced: int = 0
    code: int = 0


class Processes:
    """``count`` processes at a time.

    Args:
        command: starts one; ``--parent-fd`` and the number of its end of the socket are put behind it.
        grace: seconds that a process may take to stop.
        wants_another: told what a process did that ended well by itself, whether another one should take its place.
        tell: told what people should know, a line at a time.
        changes: goes on whenever all processes are to be replaced, as code has changed. One that cannot start, or ends
            badly, is not replaced before.
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        *,
        grace: float,
        wants_another: Callable[[Tally], bool],
        tell: Callable[[str], None],
        changes: AsyncIterator[object] | None = None,
    ) -> None:
        self._command, self._count, self._grace = tuple(command), count, grace
        self._wants_another, self._tell = wants_another, tell
        self._changes = changes
        self._changed = asyncio.Event()
        """Set, and another one, at each change."""
        self._running: set[asyncio.subprocess.Process] = set()
        self._asked: set[asyncio.subprocess.Process] = set()
        """Of those that run, who has been asked to stop."""
        self._stopping = asyncio.Event()
        self._forced = asyncio.Event()
        self._work = Work(Tally())

    async def run(self) -> Work:
        """Until all have ended: by themselves, or after SIGTERM or SIGINT; a second signal waits for nothing."""
        with on_signals(self._on_signal):
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._kill_late())]
                if self._changes is not None:
                    beside.append(group.create_task(self._follow(self._changes)))
                async with asyncio.TaskGroup() as places:
                    for _ in range(self._count):
                        places.create_task(self._keep_one())
                for each in beside:
                    each.cancel()
        return self._work

    def _on_signal(self, received: signal.Signals, times: int) -> None:
        if times == 1:
            self._tell(f"Stopping {len(self._running)} worker process(es)... (once more to abort)")
        else:
            self._forced.set()
        self._stop()

    def _stop(self) -> None:
        """Ask every process to stop; the second time by another signal, which is not taken for the first."""
        self._stopping.set()
        self._changed.set()
        if self._forced.is_set():
            self._signal(signal.SIGINT, self._running)
        else:
            self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        """Ask each process once, whatever it is for: the second time would abort its jobs."""
        self._signal(signal.SIGTERM, self._running - self._asked)
        self._asked = set(self._running)

    @staticmethod
    def _signal(number: signal.Signals, processes: Iterable[asyncio.subprocess.Process]) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                process.send_signal(number)

    async def _follow(self, changes: AsyncIterator[object]) -> None:
        """Replace the processes at each change; each lets its jobs finish first."""
        try:
            async for _ in changes:
                if self._stopping.is_set():
                    return
                self._tell("Code has changed; the workers start anew.")
                self._end_wait_for_change()
                self._ask_to_stop()
        except OSError as error:  # such as too many files for the system to watch
            self._tell(f"Changes of code are not seen from now on: {error}.")
            self._changes = None
            self._end_wait_for_change()

    def _end_wait_for_change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _kill_late(self) -> None:
        """Kill what does not stop."""
        await self._stopping.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._forced.wait(), self._grace)
        await asyncio.sleep(LAST_WORDS)
        for process in self._running:
            self._tell(f"Worker process {process.pid} does not stop; it is killed.")
            with suppress(ProcessLookupError):
                process.kill()

    async def _keep_one(self) -> None:
        """Have one process running, until there is nothing more to do."""
        crashes, now = 0, asyncio.get_running_loop().time
        while not self._stopping.is_set():
            began, changed = now(), self._changed
            pid, code, tally = await self._run_one()
            if self._stopping.is_set():
                self._work.code = self._work.code or int(code not in STOPPED)
            elif self._changes is not None and code != 0:
                if not changed.is_set():
                    self._tell(f"Worker process {pid} {_end(code)}; another one starts once code has changed.")
                await changed.wait()
            elif changed.is_set():
                continue
            elif code == USAGE:
                self._work.code = code
                self._stop()
            elif code == 0 and not self._wants_another(tally):
                return
            elif code != 0:
                crashes = 1 if now() - began >= SETTLED else crashes + 1
                await self._back_off(pid, code, min(BACKOFF.ceiling(crashes), LONGEST_WAIT))

    async def _back_off(self, pid: int, code: int, wait: float) -> None:
        self._tell(f"Worker process {pid} {_end(code)}; another one starts in {wait:g} s.")
        self._work.replaced += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait)

    async def _run_one(self) -> tuple[int, int, Tally]:
        """Its process id, its exit code, and what it did."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    f"--parent-fd={theirs.fileno()}",
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    process_group=0,  # a terminal's Ctrl+C is for the parent, which passes it on
                )
            self._running.add(process)
            if self._stopping.is_set():  # it came while the process was on its way
                self._ask_to_stop()
            code = await process.wait()
            self._running.discard(process)
            tally = _told(ours)
        so_far = asdict(self._work.tally)
        self._work.tally = Tally(**{name: count + so_far[name] for name, count in asdict(tally).items()})
        return process.pid, code, tally


def _end(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _told(ours: socket.socket) -> Tally:
    """What a process that has ended said at last."""
    ours.setblocking(False)
    with suppress(OSError, ValueError, TypeError):
        return Tally(**json.loads(ours.recv(65_536)))
    return Tally()


@contextmanager
def child_of(parent: socket.socket) -> Iterator[Callable[[Tally], None]]:
    """For the child: end with the parent. What is yielded tells it what was done."""
    parent.set_inheritable(False)
    threading.Thread(target=_end_with, args=(parent,), name="taskmq-parent", daemon=True).start()

    def told(tally: Tally) -> None:
        with suppress(OSError):
            parent.send(json.dumps(asdict(tally)).encode())

    yield told


def _end_with(parent: socket.socket) -> None:
    with suppress(OSError):
        while parent.recv(1):
            pass
    sys.stderr.write("The parent of this worker process is gone; it stops.\n")
    os.kill(os.getpid(), signal.SIGTERM)
