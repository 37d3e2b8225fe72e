"""Plain functions, in threads that belong to the engine alone."""

import contextvars
import threading
from typing import Self

from taskcore.clock import Clock
from taskcore.engine.context import enter
from taskcore.engine.execution.run import Done, Run
from taskcore.engine.execution.waiting import Waiting


class ThreadExecutor:
    """At most ``limit`` functions at a time. A function that must stop sees ``context.cancelled``; one that does not
    look is abandoned after a while: another thread takes its place, and its own ends with the function."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._waiting = Waiting()
        self._threads: set[threading.Thread] = set()
        self._busy: dict[Run, threading.Thread] = {}
        self._done: Done = lambda run: None

    def start(self, done: Done) -> Self:
        self._done = done
        return self

    def open(self) -> None:
        """Nothing to make ready."""

    def submit(self, runs: list[Run]) -> None:
        self._waiting.put(runs)
        while len(self._threads) < self._limit and len(self._waiting) > len(self._threads) - len(self._busy):
            self._add_thread()

    def take_back(self) -> list[Run]:
        return self._waiting.take_back()

    def interrupt(self, run: Run) -> None:
        """Nothing to do: the context has been told."""

    def abandon(self, run: Run) -> bool:
        thread = self._busy.pop(run, None)
        if thread is None:
            return False
        self._threads.discard(thread)
        if self._waiting:
            self._add_thread()
        return True

    def watch(self) -> None:
        """Nothing to check."""

    def close(self) -> None:
        self._waiting.end(len(self._threads))

    def join(self, seconds: float) -> None:
        """Nothing was opened."""

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._serve, name="taskcore-handler", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _serve(self) -> None:
        me = threading.current_thread()
        while me in self._threads and (run := self._waiting.next()) is not None:
            self._busy[run] = me
            contextvars.copy_context().run(self._execute, run)
            if self._busy.pop(run, None) is not None:
                self._done(run)

    def _execute(self, run: Run) -> None:
        try:
            enter(run.context)
            run.begin(self._clock)
            run.succeed(run.handler.function(run.context), self._clock)
        except BaseException as error:  # Whatever a handler raises, SystemExit included, ends its own task only.
            run.fail(error, self._clock)
