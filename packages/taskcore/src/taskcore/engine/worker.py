"""The worker: claims, runs and settles tasks, until it is told to stop.

One loop does it all, one exchange with the store a turn: what ended since the last turn goes in, new tasks come out.
While one commit is under way more runs end, so batches grow by themselves as load does, and a lone task never waits.
Several exchanges may be under way at a time: while the store works on some, the worker reads what another one brought.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from math import inf
from uuid import uuid4

from taskcore.clock import Clock, SystemClock
from taskcore.engine.admission import PASSED_OVER, Admission, Wait
from taskcore.engine.announcer import Announcer, Tally
from taskcore.engine.execution import executors
from taskcore.engine.execution.child import refuse_unready
from taskcore.engine.execution.loop import CLOSING, Lifespan
from taskcore.engine.execution.run import Run
from taskcore.engine.flight import Flight
from taskcore.engine.handlers import HandlerSource
from taskcore.engine.heartbeat import Heartbeat
from taskcore.engine.options import WorkerOptions
from taskcore.engine.periodic import Periodic
from taskcore.engine.policy import Policy, RetryingPolicy, given_back
from taskcore.engine.reports import Reports
from taskcore.errors import InvalidInput, StoreError, StoreUnavailable, WorkerStopping
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Claim, Settlement, TaskRecord
from taskcore.ports import EventBus, TaskWork, Wakeup
from taskcore.states import TaskState, target

log = logging.getLogger("taskcore.engine")

LINGER = 0.002
"""Seconds that the end of one run waits for the ends of others, while others are under way ..."""
LINGER_BELOW = 250
"""... unless so many have ended already."""

EXCHANGES = 4
"""Exchanges with the store at the same time; while it is away, one that asks whether it is back."""
EXCHANGED = 1000
"""Runs that one of them settles, and tasks that it claims, at most: the store has to work on some while others run."""
ASK_AGAIN = 1.0
"""Seconds after which a store that is away, or refuses, is asked again at the latest, however seldom a worker looks for
work: there may be results to store before leases run out, and somebody who waits for its end."""
ALONE = 0.25
"""Seconds for which no other claims while one does: they would walk over the same tasks. One that takes longer waits
for somebody, and is not waited for."""

Ended = tuple[Run, Settlement]


class Worker:
    """Runs tasks of some queues with the handlers of one process.

    Args:
        admission: which claimed tasks must wait; None lets all begin.
        lifespan: open around the coroutine handlers, on their event loop; once more when another loop takes over.
    """

    def __init__(
        self,
        store: TaskWork,
        handlers: HandlerSource,
        *,
        name: WorkerId | None = None,
        options: WorkerOptions | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        bus: EventBus | None = None,
        admission: Admission | None = None,
        lifespan: Lifespan | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self.id = name or worker_id()
        self.options = options or WorkerOptions()
        self._store = store
        self._policy = policy or RetryingPolicy()
        self._admission = admission
        self._has_lifespan = lifespan is not None
        self._announcer = Announcer(self.id, clock, bus)
        self._reports = Reports(store, clock)
        self._flight = Flight(
            executors(self.options.concurrency, clock, lifespan),
            handlers,
            clock,
            concurrency=self.options.concurrency,
            prefetch=self.options.prefetch,
            stop_grace=self.options.stop_grace.total_seconds(),
            tell=self._reports.tell,
            landed=self._signal,
        )
        self._heartbeat = Heartbeat(store, self._flight, self.id, self.options.lease)
        self._pending: list[Ended] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._asked_for = self._passed_over = self._begun = 0
        self._alone_until = 0.0
        self._away = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._hungry = True
        self._looking: asyncio.Task[None] | None = None
        self._stopping = self._forced = False

    @property
    def active(self) -> int:
        """Tasks that the worker holds now."""
        return len(self._flight.runs)

    @property
    def running(self) -> int:
        """Handlers that run now; the rest of ``active`` waits for a slot or for the store."""
        return sum(run.begun is not None and run.finished_at is None for run in self._flight.runs.values())

    @property
    def stopping(self) -> bool:
        """Whether ``stop`` was called: it finishes what it holds, and claims no more."""
        return self._stopping

    @property
    def tally(self) -> Tally:
        """What it has done so far."""
        return self._announcer.tally

    def stop(self, *, force: bool = False) -> None:
        """Claim no more, give back what has not begun, let handlers finish within the grace; ``force`` waits for none.

        Safe to call from any thread, and any number of times.
        """
        self._stopping = True
        self._forced = self._forced or force
        self._signal()

    async def run(self, *, until_idle: bool = False) -> Tally:
        """Work until ``stop``, or until ``options.most`` tasks are over; with ``until_idle``, until nothing is due and
        nothing under way.

        A worker runs once. What keeps its lifespan from being opened is raised here.
        Cancelling this coroutine gives nothing back: its tasks wait for their leases to run out.

        Raises:
            InvalidInput: this process was started for a handler, and has not got to it yet.
        """
        refuse_unready()
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            if self._has_lifespan:
                stack.push_async_callback(asyncio.to_thread, self._flight.join, CLOSING)
            stack.callback(self._flight.close)
            if self._has_lifespan:
                await asyncio.to_thread(self._flight.open)
            stack.callback(self._forsake)
            for periodic in self._periodics():
                await stack.enter_async_context(periodic)
            self._announcer.worker("started")
            while not (self._stopping or self._is_spent() or (until_idle and self._is_idle())):
                await self._turn()
                self._take_landed()
            self._announcer.worker("draining")
            await self._drain()
        self._announcer.worker("stopped")
        return self.tally

    def _periodics(self) -> list[Periodic]:
        return [
            Periodic(self._heartbeat.renew, self.options.lease / 3, "heartbeat"),
            Periodic(self._heartbeat.obey, timedelta(seconds=0.5), "cancellations"),
            Periodic(self._watch, timedelta(seconds=0.1), "watch"),
            Periodic(self._reports.flush, timedelta(seconds=0.5), "reports"),
        ]

    def _signal(self) -> None:
        """Wake the loop; from any thread, also when it is not running any more."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    async def _turn(self) -> None:
        """Wait for something to do, then do it in one exchange with the store."""
        if len(self._under_way) >= (1 if self._away else EXCHANGES) or not (self._pending or self._room()):
            await self._sleep()
            return
        if 0 < len(self._pending) < LINGER_BELOW and self.active > len(self._pending):
            await asyncio.sleep(LINGER)
            self._take_landed()
        self._begin_exchange()

    def _room(self) -> int:
        """How much to claim. It costs nothing beside a settlement, and the handler that ended may have put a task.

        Beside another claim, or without anything to settle beside others, it would only race for the same tasks.
        """
        if time.monotonic() < self._alone_until:
            return 0
        wanted = self._pending or (self._hungry and not self._under_way)
        room = self._flight.room() - self._asked_for
        if room > 0:
            room += self._passed_over
        return max(0, int(min(room, self._left()))) if wanted and not self._stopping else 0

    def _begin_exchange(self) -> None:
        room = min(self._room(), EXCHANGED)
        batch, self._pending = self._pending[:EXCHANGED], self._pending[EXCHANGED:]
        self._asked_for += room
        self._begun += 1
        if room:
            self._alone_until = time.monotonic() + ALONE
        exchange = asyncio.create_task(self._exchange(batch, room))
        self._under_way.add(exchange)
        exchange.add_done_callback(lambda _: self._wake.set())

    async def _finish_exchanges(self) -> None:
        """Wait for those that are under way, and raise what broke them."""
        for exchange in list(self._under_way):
            await exchange
            self._under_way.discard(exchange)

    def _forsake(self) -> None:
        for exchange in self._under_way:
            exchange.cancel()

    def _take_landed(self) -> None:
        self._wake.clear()
        for exchange in [exchange for exchange in self._under_way if exchange.done()]:
            self._under_way.discard(exchange)
            exchange.result()
        self._settle(self._flight.take_landed())

    def _settle(self, runs: list[Run]) -> None:
        """Decide what becomes of runs. A task that goes back to the queue may be due again at once, for us too."""
        for run in runs:
            settlement = self._policy.ended(run)
            self._pending.append((run, settlement))
            self._hungry = self._hungry or target(settlement.event) is TaskState.PENDING

    async def _exchange(self, batch: list[Ended], room: int) -> None:
        """Settle what ended, and claim up to ``room`` tasks. While the store is away nothing is forgotten."""
        try:
            await self._reports.flush()
            stored, tasks = await self._settle_and_claim([settlement for _, settlement in batch], room)
            waits = await self._admission.waits(tasks) if self._admission is not None and tasks else {}
        except StoreUnavailable as error:
            self._away = True
            log.warning("%s; trying again", error, extra={"event": "store_unavailable"})
            await self._pause()
            self._pending = batch + self._pending
            return
        finally:
            self._asked_for -= room
            if room:
                self._alone_until = 0.0
        self._away = False
        self._flight.forget([run for run, _ in batch])
        # Where tasks must wait there are often many, and others behind them need not wait until each was looked at.
        self._passed_over = min(PASSED_OVER, 4 * len(waits))
        # After the forgetting: a task that was just settled may have come back.
        begin = self._send_back(tasks, waits) if waits else tasks
        self._flight.add(begin)
        self._announcer.settled(batch, stored)
        self._announcer.claimed(begin)

    def _send_back(self, tasks: Sequence[TaskRecord], waits: Mapping[TaskId, Wait]) -> list[TaskRecord]:
        """Give back, with the next exchange, those that have to wait; return the others."""
        for task in tasks:
            if (wait := waits.get(task.id)) is not None:
                run = self._flight.keep(task)
                self._pending.append((run, given_back(run, wait.reason, wait.delay)))
        return [task for task in tasks if task.id not in waits]

    async def _settle_and_claim(
        self, settlements: Sequence[Settlement], room: int
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        try:
            if not room:
                return await self._store.settle(settlements), ()
            wanted = Claim(worker=self.id, queues=self.options.queues, limit=room, lease_for=self.options.lease)
            begun, is_first = self._begun, len(self._under_way) == 1
            stored, tasks = await self._store.exchange(settlements, wanted)
        except StoreUnavailable:
            raise
        except (StoreError, InvalidInput):
            if not settlements:
                log.exception("the store refuses to hand out tasks; asking again")
                await self._pause()
            return await self._settle_singly(settlements), ()
        # Others may have held back what this one did not get, if they were under way at the same time.
        self._hungry = len(tasks) == room or not is_first or begun != self._begun
        return stored, tasks

    async def _pause(self) -> None:
        await asyncio.sleep(min(ASK_AGAIN, self.options.poll.total_seconds()))

    async def _settle_singly(self, settlements: Sequence[Settlement]) -> list[bool]:
        """One settlement that a store refuses must not keep the others from being stored; its lease will run out."""
        stored: list[bool] = []
        for settlement in settlements:
            try:
                stored.extend(await self._store.settle([settlement]))
            except StoreUnavailable:
                raise
            except (StoreError, InvalidInput):
                log.exception("the store refuses to %s task %s", settlement.event, settlement.fence.task)
                stored.append(False)
        return stored

    async def _sleep(self) -> None:
        """Until a run ends, work may have come, or somebody calls ``stop``."""
        if not self._hungry and self._looking is None:
            self._looking = asyncio.create_task(self._look_for_work())
        await self._wake.wait()

    async def _look_for_work(self) -> None:
        poll = self.options.poll.total_seconds()
        try:
            if isinstance(self._store, Wakeup):
                await self._store.wait_for_work(self.options.queues, poll)
            else:
                await asyncio.sleep(poll)
        except StoreError:
            await asyncio.sleep(poll)
        finally:
            self._looking = None
            self._hungry = True
            self._wake.set()

    def _is_idle(self) -> bool:
        return not (self._hungry or self._is_busy())

    def _is_spent(self) -> bool:
        """Whether it has done what it may ever do."""
        return self._left() == 0 and not self._is_busy()

    def _is_busy(self) -> bool:
        return bool(self._flight.runs or self._pending or self._under_way)

    def _left(self) -> float:
        """How many more tasks it may claim, beyond those it is asking for."""
        return inf if self.options.most is None else self.options.most - self.tally.claimed - self._asked_for

    async def _watch(self) -> None:
        self._flight.watch()
        self._release(self._flight.take_stuck())

    def _release(self, runs: list[Run]) -> None:
        """Give back tasks whose handlers have not begun."""
        for run in runs:
            run.error = run.context.stopped_by = run.context.stopped_by or WorkerStopping("given back before it began")
        if runs:
            self._settle(runs)
            self._wake.set()

    async def _drain(self) -> None:
        """Empty the worker: first by itself, then by stopping handlers, at last without them."""
        await self._finish_exchanges()
        self._release(self._flight.take_unbegun())
        await self._land(self.options.grace, patient=True)
        for run in list(self._flight.runs.values()):
            self._flight.stop(run, WorkerStopping("the worker stopped"))
        await self._land(timedelta(0) if self._forced else self.options.stop_grace, patient=False)
        self._flight.abandon_stopped()
        await self._land(timedelta(seconds=5), patient=False)
        if self._looking is not None:
            self._looking.cancel()

    async def _land(self, limit: timedelta, *, patient: bool) -> None:
        """Settle what ends, until nothing is left, the limit is over, or, while ``patient``, ``stop(force=True)``."""
        until = time.monotonic() + limit.total_seconds()
        while self._flight.runs and time.monotonic() < until and not (patient and self._forced):
            if not self._pending:
                with suppress(TimeoutError):
                    async with asyncio.timeout(until - time.monotonic()):
                        await self._wake.wait()
            self._take_landed()
            if self._pending:
                self._begin_exchange()
                await self._finish_exchanges()


def worker_id() -> WorkerId:
    """A name that tells people where to look, and that no other worker has."""
    return WorkerId(f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}")
