"""Functions in child processes, one task at a time in each, which can be killed.

A child is started when it is first needed and used again. Function and task cross a pipe as a pickle by
reference, from this process to its own child; nothing that was stored is ever unpickled.
"""

import multiprocessing
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Self

from taskcore.clock import Clock
from taskcore.engine.execution.child import KILL_AFTER, NAME, Loaded, Outcome, serve
from taskcore.engine.execution.run import Done, Run
from taskcore.engine.execution.waiting import Waiting
from taskcore.errors import TaskcoreError

_spawn = multiprocessing.get_context("spawn")


class ChildDied(TaskcoreError):
    """The child process ended before its handler did."""

    code = "child_died"


class ProcessExecutor:
    """At most ``limit`` children."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._waiting = Waiting()
        self._slots: list[_Slot] = []
        self._done: Done = lambda run: None

    def start(self, done: Done) -> Self:
        self._done = done
        return self

    def open(self) -> None:
        """Nothing to make ready."""

    def submit(self, runs: list[Run]) -> None:
        self._waiting.put(runs)
        idle = sum(slot.run is None for slot in self._slots)
        for _ in range(min(len(self._waiting) - idle, self._limit - len(self._slots))):
            self._slots.append(_Slot(self._waiting, self._clock, self._done))

    def take_back(self) -> list[Run]:
        return self._waiting.take_back()

    def interrupt(self, run: Run) -> None:
        for slot in self._slots:
            if slot.run is run:
                slot.kill()

    def abandon(self, run: Run) -> bool:
        """Its child is killed, which ends the run like any other death of a child."""
        self.interrupt(run)
        return False

    def watch(self) -> None:
        """Nothing to check: a dead child ends its pipe."""

    def close(self) -> None:
        self._waiting.end(len(self._slots))
        for slot in self._slots:
            slot.kill()

    def join(self, seconds: float) -> None:
        """Nothing was opened."""


class _Slot:
    """A thread that feeds one child and listens to it."""

    def __init__(self, waiting: Waiting, clock: Clock, done: Done) -> None:
        self._waiting, self._clock, self._done = waiting, clock, done
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._condemned: BaseProcess | None = None
        self.run: Run | None = None
        threading.Thread(target=self._serve, name="taskcore-child", daemon=True).start()

    def kill(self) -> None:
        """End the child, politely at first."""
        child = self._child
        if child is not None:
            self._condemned = child
            if child.pid is not None:  # else it is about to start, and whoever starts it looks once more
                _end(child)

    def _serve(self) -> None:
        while (run := self._waiting.next()) is not None:
            self.run = run
            self._execute(run)
            self.run = None
            self._done(run)
        if self._pipe is not None:
            self._pipe.close()

    def _execute(self, run: Run) -> None:
        try:
            pipe = self._live_pipe()
            run.begin(self._clock)  # a handler's time does not include the start of its process, nor its import there
            outcome = self._ask(pipe, run)
        except (EOFError, OSError):
            run.fail(self._obituary("before its handler did"), self._clock)
        except Exception as error:  # No child is there, or function or task do not pickle: the task's own failure.
            run.fail(error, self._clock)
        else:
            run.end(self._clock, result=outcome.result, error=outcome.error, described=outcome.described)

    def _ask(self, pipe: Connection, run: Run) -> Outcome:
        """Have the child run the handler, passing on what it tells meanwhile."""
        pipe.send((run.handler.function, run.context.task))
        while not isinstance(said := pipe.recv(), Outcome):
            if isinstance(said, Loaded):
                run.begin_anew(self._clock)
            else:
                run.context.relay(said)
        return said

    def _live_pipe(self) -> Connection:
        """The pipe to a living child, which is started if there is none."""
        if self._pipe is None or self._child in (None, self._condemned) or not self._child.is_alive():
            self._pipe = self._start()
        return self._pipe

    def _start(self) -> Connection:
        """Start a child, and return the pipe to it once it is ready.

        Raises:
            ChildDied: it does not start.
        """
        ours, theirs = _spawn.Pipe()
        self._child = child = _spawn.Process(target=serve, args=(theirs,), name=NAME, daemon=True)
        try:
            child.start()
        except Exception as error:  # No memory, no file left, or a daemon, which may have no children.
            self._child = None
            raise ChildDied(f"the handler's process could not be started: {error}") from error
        theirs.close()
        if child is self._condemned:
            _end(child)
        try:
            ours.recv()
        except EOFError:
            raise self._obituary("before it was ready") from None
        return ours

    def _obituary(self, when: str) -> ChildDied:
        child, self._child = self._child, None
        if child is None:
            return ChildDied("the handler's process could not be started")
        child.join(KILL_AFTER)
        code = child.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return ChildDied(f"the handler's process ended {when}, with {how}")


def _end(child: BaseProcess) -> None:
    child.terminate()
    timer = threading.Timer(KILL_AFTER, child.kill)
    timer.daemon = True
    timer.start()
