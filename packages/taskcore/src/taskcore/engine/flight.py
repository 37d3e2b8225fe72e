"""The runs that a worker holds: claimed, waiting for a slot, under way, or ended and not yet settled."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

from taskcore.clock import Clock
from taskcore.engine.context import TaskContext, Tell
from taskcore.engine.execution.run import Executor, Run
from taskcore.engine.handlers import Handler, HandlerSource, Mode
from taskcore.errors import HandlerNotFound, LeaseLost, TaskCancelled, TaskcoreError, TaskTimeout, WorkerStopping
from taskcore.ids import TaskId
from taskcore.lease import Fence
from taskcore.models import TaskRecord

PREFETCH_SECONDS = 0.05
"""How much work, by the handlers' recent durations, a worker claims ahead: enough to hide a commit, too little to
matter when it dies, drains, or something more urgent is put."""

STUCK = 1.0
"""Seconds without any landing after which what was claimed ahead goes back."""


class Flight:
    """Everything here happens on the engine's thread, except ``_land``.

    Args:
        concurrency: handlers at the same time, all modes together.
        prefetch: tasks held beyond that, at the most.
        stop_grace: seconds that a handler has to react to being stopped, before the engine goes on without it.
        landed: called from any thread when there is something for ``take_landed``.
    """

    def __init__(
        self,
        executors: Mapping[Mode, Executor],
        handlers: HandlerSource,
        clock: Clock,
        *,
        concurrency: int,
        prefetch: int,
        stop_grace: float,
        tell: Tell,
        landed: Callable[[], None],
    ) -> None:
        self._executors = {mode: executor.start(self._land) for mode, executor in executors.items()}
        self._handlers, self._clock = handlers, clock
        self._concurrency, self._prefetch, self._stop_grace = concurrency, prefetch, stop_grace
        self._tell, self._signal = tell, landed
        self.runs: dict[TaskId, Run] = {}
        self._backlog: deque[Run] = deque()
        self._airborne: Counter[Mode] = Counter()
        self._limited: dict[Run, float] = {}
        self._stopped: dict[Run, float] = {}
        self._ended: deque[Run] = deque()
        self._given_up: list[Run] = []
        self._signalled = False
        self._mean_duration = 0.0
        self._last_landing = time.monotonic()

    def room(self) -> int:
        """How many more tasks to claim."""
        ahead = 0
        if self._mean_duration > 0:
            ahead = min(self._prefetch, int(self._concurrency * PREFETCH_SECONDS / self._mean_duration))
        return max(0, self._concurrency + ahead - len(self._backlog) - self._airborne.total())

    def add(self, tasks: Sequence[TaskRecord]) -> None:
        """Begin work on claimed tasks."""
        handlers = {name: self._handler(name) for name in {task.name for task in tasks}}
        for task in tasks:
            run = self._hold(task, handlers[task.name])
            if task.cancel_requested:  # while an attempt before this one came to its end
                run.context.stopped_by = TaskCancelled("cancelled on request")
            self._backlog.append(run)
        self._dispatch()

    def keep(self, task: TaskRecord) -> Run:
        """Hold a task that does not begin, until it is settled."""
        run = self._hold(task, self._handler(task.name))
        run.closed = True
        return run

    def _handler(self, name: str) -> Handler:
        return self._handlers.get(name) or _missing(name)

    def _hold(self, task: TaskRecord, handler: Handler) -> Run:
        run = self.runs[task.id] = Run(TaskContext(task, self._tell), handler)
        return run

    def forget(self, runs: Sequence[Run]) -> None:
        """Runs are settled. One of their tasks may have come back already, as another run."""
        for run in runs:
            task = run.context.task.id
            if self.runs.get(task) is run:
                del self.runs[task]

    def _dispatch(self) -> None:
        """Hand the backlog to executors, in order. One executor may be overfilled, since it counts its slots itself;
        never two, or together they would run more than ``concurrency``."""
        batch: list[Run] = []
        total = self._airborne.total()
        while self._backlog:
            mode = self._backlog[0].handler.mode
            if total >= self._concurrency and total != self._airborne[mode]:
                break
            if batch and batch[0].handler.mode is not mode:
                self._submit(batch)
                batch = []
            run = self._backlog.popleft()
            self._airborne[mode] += 1
            total += 1
            if (timeout := run.timeout) is not None:
                self._limited[run] = timeout.total_seconds()
            batch.append(run)
        self._submit(batch)

    def _submit(self, batch: list[Run]) -> None:
        if batch:
            self._executors[batch[0].handler.mode].submit(batch)

    def _land(self, run: Run) -> None:
        """A run ended; called from its executor's thread."""
        self._ended.append(run)
        if not self._signalled:
            self._signalled = True
            self._signal()

    def take_landed(self) -> list[Run]:
        """The runs that ended since the last call and that are ours to settle."""
        self._signalled = False
        landed, self._given_up = self._given_up, []
        while self._ended:
            run = self._ended.popleft()
            self._leave(run)
            landed.append(run)
        landed = self._close(landed)
        if landed:
            self._last_landing = time.monotonic()
            self._observe(sum(run.duration for run in landed) / len(landed))
        self._dispatch()
        return landed

    def _leave(self, run: Run) -> None:
        self._airborne[run.handler.mode] -= 1
        self._limited.pop(run, None)
        self._stopped.pop(run, None)

    def _observe(self, duration: float) -> None:
        weight = 0.2 if self._mean_duration else 1.0
        self._mean_duration += (max(duration, 1e-6) - self._mean_duration) * weight

    def take_unbegun(self) -> list[Run]:
        """Give up the runs whose handlers have not been called."""
        runs = []
        for executor in self._executors.values():
            for run in executor.take_back():
                self._leave(run)
                runs.append(run)
        runs.extend(self._backlog)
        self._backlog.clear()
        return self._close(runs)

    @staticmethod
    def _close(runs: list[Run]) -> list[Run]:
        """Those of ``runs`` that are ours to settle, and that are nobody else's from now on."""
        ours = [run for run in runs if not run.closed]
        for run in ours:
            run.closed = True
        return ours

    def take_stuck(self) -> list[Run]:
        """``take_unbegun`` when nothing has landed for a while: what was claimed ahead of a handler that turned out to
        be slow must not wait for it while other workers are idle."""
        waited = time.monotonic() - self._last_landing
        if waited < STUCK or len(self._backlog) + self._airborne.total() <= self._concurrency:
            return []
        self._mean_duration = max(self._mean_duration, waited)
        return self.take_unbegun()

    def stop(self, run: Run, reason: TaskcoreError) -> None:
        """Ask a run to end. One that does not within the grace is abandoned, and settled as if it had."""
        if run.context.stopped_by is None and run.finished_at is None:
            run.context.stopped_by = reason
            self._stopped[run] = time.monotonic()
            self._executors[run.handler.mode].interrupt(run)

    def lose(self, run: Run) -> None:
        """Somebody else may have the task by now: stop it, and never settle it."""
        if not run.closed and run.finished_at is None:
            run.closed = True
            self.runs.pop(run.context.task.id, None)
            self.stop(run, LeaseLost("the lease ran out and the task was taken back"))

    def watch(self) -> None:
        """Stop what runs over its time, abandon what does not stop."""
        now = time.monotonic()
        for executor in self._executors.values():
            executor.watch()
        for run, limit in list(self._limited.items()):
            if run.begun is not None and now > run.begun + limit:
                self.stop(run, TaskTimeout(f"the handler ran longer than its limit of {limit:g} s"))
        for run, since in list(self._stopped.items()):
            if run.begun is not None and run.finished_at is None and now > since + self._stop_grace:
                self._abandon(run)

    def abandon_stopped(self) -> None:
        """Wait no longer for handlers that were told to stop."""
        for run in list(self._stopped):
            self._abandon(run)

    def _abandon(self, run: Run) -> None:
        if self._executors[run.handler.mode].abandon(run):
            self._leave(run)
            run.fail(run.context.stopped_by or WorkerStopping("abandoned"), self._clock)
            self._given_up.append(run)
            self._signal()

    def fences(self) -> list[Fence]:
        """Of all tasks whose lease must be renewed: settling takes its own time, so ended ones count too."""
        return [run.context.task.fence for run in self.runs.values()]

    def open(self) -> None:
        """Make the executors ready before there is work; raises what keeps one of them from that."""
        for executor in self._executors.values():
            executor.open()

    def join(self, seconds: float) -> None:
        """Wait until closed executors have closed what they had opened."""
        for executor in self._executors.values():
            executor.join(seconds)

    def close(self) -> None:
        """Stop the executors without waiting."""
        for executor in self._executors.values():
            executor.close()


def _missing(name: str) -> Handler:
    def function(context: TaskContext) -> None:
        raise HandlerNotFound(name)

    return Handler(name=name, function=function, mode=Mode.THREAD)
