"""The worker: runs the jobs of a queue with the handlers of this process, until it is told to stop."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

from taskcore.engine.announcer import Tally
from taskcore.engine.options import WorkerOptions
from taskcore.engine.periodic import Periodic
from taskcore.engine.policy import Policy
from taskcore.engine.reaper import Reaper
from taskcore.engine.signals import on_signals
from taskcore.engine.worker import Worker as EngineWorker
from taskcore.engine.worker import worker_id as new_worker_id
from taskcore.errors import InvalidInput
from taskcore.ids import WorkerId
from taskcore.ports import EventBus, TaskStore
from taskcore.retry import Exponential, Fixed, RetryPolicy

from taskmq import farewell, leading, observers, storage, vocabulary
from taskmq.failed_log import FailedLog
from taskmq.foreign_queue import ForeignQueue
from taskmq.health_port import HealthPort
from taskmq.heartbeat_file import HeartbeatFile
from taskmq.hook_calls import HookCalls
from taskmq.hooks import Hooks
from taskmq.hooks import hooks as process_hooks
from taskmq.jobs.admission import JobAdmission
from taskmq.jobs.calling import RegisteredHandlers
from taskmq.jobs.options import HandlerOptions, Seconds, span_of
from taskmq.policy import JobPolicy
from taskmq.releasing import releasing
from taskmq.retention import keep_of, remove_old
from taskmq.storage.base import Job, QueueBackend
from taskmq.storage.store_backend import QUEUES, StoreBackend
from taskmq.vocabulary import WAITING, Terms

logger = logging.getLogger("taskmq.worker")

# Each of these is looked up when it is used, so that a program may set it.
FAILED_LOG_PATH = "failed_jobs.log"
HEARTBEAT_PATH = "worker_heartbeat.txt"
HEARTBEAT_INTERVAL = 5
"""Seconds."""
FIXED_RETRY_INTERVAL = 2
"""Seconds between the attempts of a job whose retry policy is "fixed"."""
EXPONENTIAL_BASE = 2
"""The n-th wait of "exponential" is this to the power of n, in seconds ..."""
EXPONENTIAL_CAP = 600
"""... but never longer."""
SWEEP_INTERVAL = 2
"""Seconds between two looks for jobs whose worker is gone; at most half a lease."""
RETENTION_INTERVAL = 10
"""Seconds between two looks for jobs that were kept for long enough."""


class Worker:
    """Takes the best due job whenever one of ``max_workers`` slots is free.

    Plain handlers run in threads, coroutine handlers together on one event loop. A running job's lock is renewed while
    its worker lives; what a worker writes after it lost the lock is refused. A failed job waits for its retry in the
    queue.

    Args:
        func: runs jobs that name no handler.
        backend: by default what the environment says. One that does not come from this package works by its thirteen
            methods alone; see ``taskmq.foreign_queue`` for what it does not promise.
        max_retries: attempts in all; 0 and 1 both mean one.
        poll_interval: seconds between two looks for work, where the store does not tell.
        max_workers: jobs at the same time.
        worker_id: no two workers may share one; by default host, process and a random part.
        lock_timeout: seconds without a sign of life after which another worker takes a job over.
        grace: seconds that running jobs may go on after ``stop``; what is not done by then goes back to the queue.
            Plain hooks of the shutdown get as long after that.
        queues: the names of those whose jobs it runs.
        max_jobs: it stops by itself when it has run so many, repeated attempts counted.
        hooks: what it calls beside handlers; by default what was registered with ``taskmq.hooks.hooks``.
        result_ttl: seconds after which it removes jobs that succeeded, whoever ran them; None keeps them.
        failure_ttl: the same for jobs that are dead or cancelled.
        health: where it answers the probes of orchestrators and Prometheus, over HTTP.

    What is set on it afterwards counts from its next start on.

    Raises:
        InvalidInput: an argument is out of its range.
    """

    def __init__(
        self,
        func: Callable[[Job], Any] | None = None,
        backend: QueueBackend | None = None,
        max_retries: int = 3,
        poll_interval: float = 1.0,
        max_workers: int = 1,
        worker_id: str | None = None,
        lock_timeout: float = 30,
        *,
        grace: float = 30.0,
        queues: Sequence[str] = QUEUES,
        max_jobs: int | None = None,
        hooks: Hooks = process_hooks,
        result_ttl: Seconds | None = None,
        failure_ttl: Seconds | None = None,
        health: HealthPort | None = None,
    ) -> None:
        self.func = func
        self.hooks = hooks
        self.health = health
        self.max_retries = max_retries
        self.poll_interval = poll_interval
        self.max_workers = max_workers
        self.worker_id = worker_id or new_worker_id()
        self.lock_timeout = lock_timeout
        self.grace = grace
        self.queues = queues
        self.max_jobs = max_jobs
        self._options = self._chosen()
        self._named_in = None if worker_id else os.getpid()
        self._keep = keep_of(span_of("result_ttl", result_ttl), span_of("failure_ttl", failure_ttl))
        # After what can be refused: nobody would close it.
        self.backend = storage.get_backend() if backend is None else backend
        self._clock = vocabulary.clock
        self._heartbeat = HeartbeatFile(self._heartbeat_path, self._clock)
        self._running = threading.Lock()
        self._lock = threading.Lock()
        self._engine: EngineWorker | None = None
        self._ended = self._stopped_early = False

    @property
    def active_jobs(self) -> int:
        """Jobs that this worker holds now."""
        engine = self._engine
        return 0 if engine is None else engine.active

    def start(self, *, until_idle: bool = False) -> Tally:
        """Work until ``stop`` or ``max_jobs`` or, in the main thread, SIGINT or SIGTERM; return what was done.

        A second signal forces. The worker may be started again afterwards.

        Args:
            until_idle: end when nothing is due and nothing under way.

        Raises:
            InvalidInput: it is running already.
        """
        if not self._running.acquire(blocking=False):
            raise InvalidInput("this worker is running already; stop it first, or make another one")
        try:
            self._options = self._chosen()
            if self._named_in not in (None, os.getpid()):  # forked since, and no two workers may share a name
                self.worker_id, self._named_in = new_worker_id(), os.getpid()
            return asyncio.run(self._serve(until_idle))
        finally:
            with self._lock:
                self._engine = None
                self._ended, self._stopped_early = True, False
            self._heartbeat.remove()
            self._running.release()

    def stop(self) -> None:
        """Take no more jobs, let running ones finish, and return at once; from any thread, any number of times.

        Before the first ``start`` it makes that return at once.
        """
        with self._lock:
            if self._engine is not None:
                self._engine.stop()
            elif self._running.locked() or not self._ended:
                self._stopped_early = True
        self._heartbeat.remove()

    def _heartbeat_path(self) -> str:
        return HEARTBEAT_PATH

    def _failed_log_path(self) -> str:
        return FAILED_LOG_PATH

    def _chosen(self) -> WorkerOptions:
        if isinstance(self.queues, str):
            raise InvalidInput(f"queues must be a list of names, got {self.queues!r:.80}; write [{self.queues!r:.80}]")
        if WAITING in self.queues:
            raise InvalidInput(f"no worker may listen to {WAITING}: its jobs wait for others, and begin elsewhere")
        return WorkerOptions(
            queues=tuple(self.queues),
            concurrency=max(1, self.max_workers),
            most=self.max_jobs,
            lease=timedelta(seconds=self.lock_timeout),
            poll=timedelta(seconds=self.poll_interval),
            grace=timedelta(seconds=self.grace),
        )

    async def _serve(self, until_idle: bool) -> Tally:
        failed_log = FailedLog(self._failed_log_path)
        calls = HookCalls(self.hooks, grace=self._options.grace)
        policy = calls.watching(JobPolicy(self._retry, self._clock, failed_log))
        handlers = RegisteredHandlers(self.func, self.hooks)
        async with AsyncExitStack() as stack:
            work = await self._work(stack)
            bus = await observers.listening(stack, work, failed_log, calls, self.backend.get_queue_depth)
            engine = EngineWorker(
                releasing(work),
                handlers,
                name=WorkerId(self.worker_id),
                options=self._options,
                policy=policy,
                clock=self._clock,
                bus=bus,
                admission=JobAdmission(work),
                lifespan=calls.lifespan,
            )
            with self._lock:
                self._engine = engine
                if self._stopped_early:
                    engine.stop()
            stack.enter_context(on_signals(self._on_signal))
            await self._heartbeat.beat()
            await stack.enter_async_context(
                Periodic(self._heartbeat.beat, timedelta(seconds=HEARTBEAT_INTERVAL), "heartbeat file")
            )
            for sweep in self._sweeps(work, policy, bus):
                await stack.enter_async_context(sweep)
            await leading.join(stack, work, engine.id, bus)
            await observers.on_the_list(stack, work, engine, handlers)
            if self.health is not None:
                await stack.enter_async_context(self.health.serving(self.backend, engine))
            return await engine.run(until_idle=until_idle)

    async def _work(self, stack: AsyncExitStack) -> TaskStore | ForeignQueue:
        """Where the work comes from."""
        if isinstance(self.backend, StoreBackend):
            stack.push_async_callback(self.backend.leave)
            return self.backend.store
        foreign = ForeignQueue(self.backend)
        stack.push_async_callback(foreign.close)
        return foreign

    def _sweeps(self, work: TaskStore | ForeignQueue, policy: Policy, bus: EventBus) -> list[Periodic]:
        """What takes back the work of others who are gone, and removes what was kept for long enough."""
        every = min(timedelta(seconds=SWEEP_INTERVAL), self._options.lease / 2)
        if isinstance(work, ForeignQueue):
            return [Periodic(work.sweep, every, "sweep")]
        reaper = Reaper(work, policy=policy, clock=self._clock, bus=bus)
        retention = partial(remove_old, work, self._keep)
        return [
            Periodic(reaper.tick, every, "reaper"),
            Periodic(retention, timedelta(seconds=RETENTION_INTERVAL), "retention"),
        ]

    def _retry(self, terms: Terms, handler: HandlerOptions) -> RetryPolicy:
        most = next(most for most in (terms.max_retries, handler.max_retries, self.max_retries) if most is not None)
        return RetryPolicy(
            max_attempts=1 if terms.retry_policy == "none" else max(1, most),
            backoff=_backoff(terms),
            cap=max(EXPONENTIAL_CAP, terms.retry_delay or 0),
            jitter=handler.jitter,
            retry_on=handler.retry_on,
            give_up_on=handler.give_up_on,
        )

    def _on_signal(self, received: signal.Signals, times: int) -> None:
        if self._engine is None:
            return
        self._engine.stop(force=times > 1)
        held = {"active": self._engine.active, "running": self._engine.running}
        farewell.say(received, times, **held, grace=self._options.grace)


def _backoff(terms: Terms) -> Fixed | Exponential:
    """The waits of a policy; a job's own ``retry_delay`` is the first of them."""
    first, base = terms.retry_delay, max(1, EXPONENTIAL_BASE)
    if terms.retry_policy == "fixed":
        return Fixed(FIXED_RETRY_INTERVAL if first is None else first)
    return Exponential(EXPONENTIAL_BASE if first is None else first, base)


_METRICS = frozenset({"JOBS_PROCESSED", "QUEUE_DEPTH", "TASK_DURATION", "RETRIES", "FAILURES"})


def __getattr__(name: str) -> Any:
    """The metrics of this process, which are loaded when somebody asks for them."""
    if name not in _METRICS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from taskmq import process_metrics

    return getattr(process_metrics, name)
