"""The shipped life of a task as a model: one task, a reaper, and workers that may pause or crash at any point.

``taskcore.states.MOVES`` is the transition table that every store applies; ``Rules`` says in a few lines what stores
add to it: the fence, the lease, the attempt number. ``Model.check`` walks every interleaving up to a number of attempts
and answers with a shortest trace to a broken promise, if there is one. A worker that pauses is one that takes no step
while others do; since every order of steps is walked, that needs no step of its own.
"""

from collections.abc import Iterator
from enum import Enum, auto
from string import ascii_lowercase
from typing import NamedTuple

from taskcore.states import AT_REST, MOVES, Event, TaskState, target
from taskcore.testing.explorer import Exploration, Explorer, Step

WORKER_ENDS = (
    Event.SUCCEED,
    Event.FAIL,
    Event.RETRY,
    Event.RELEASE,
    Event.REPEAT,
    Event.CANCEL,
    Event.INTERRUPT,
)
REAPER_ENDS = (Event.LOSE, Event.FAIL, Event.CANCEL, Event.INTERRUPT)


class Lease(Enum):
    """Of a task."""

    NONE = auto()
    HOLDS = auto()
    OVER = auto()


class Fence(NamedTuple):
    """What a write shows; the task is always the same one."""

    attempt: int
    worker: int

    def __str__(self) -> str:
        return f"attempt {self.attempt} of worker {ascii_lowercase[self.worker]}"


class Task(NamedTuple):
    """What a store keeps."""

    state: TaskState = TaskState.PENDING
    attempt: int = 0
    worker: int | None = None
    lease: Lease = Lease.NONE
    cancel_requested: bool = False


class World(NamedTuple):
    """Everything at one moment.

    Attributes:
        at_work: attempts that some worker believes to be going on, rightly or not.
        overdue: what the reaper has read and not yet acted upon.
        minted: all attempts there ever were. closed: those that ended.
        fault: the promise that the last step broke.
    """

    task: Task = Task()
    at_work: frozenset[Fence] = frozenset()
    overdue: Fence | None = None
    minted: frozenset[Fence] = frozenset()
    closed: frozenset[int] = frozenset()
    fault: str | None = None


class Rules:
    """What a store adds to the table. Tests override a rule to see that the model notices."""

    def holds(self, task: Task, fence: Fence) -> bool:
        """The fence."""
        return task.state is TaskState.RUNNING and fence == (task.attempt, task.worker)

    def recovers(self, task: Task, fence: Fence) -> bool:
        """Whether the reaper may end an attempt that it saw overdue."""
        return self.holds(task, fence) and task.lease is Lease.OVER

    def ready(self, task: Task) -> bool:
        """Whether a worker may claim the task."""
        return task.state is TaskState.PENDING

    def claimed(self, task: Task, worker: int) -> Task:
        return task._replace(state=target(Event.CLAIM), attempt=task.attempt + 1, worker=worker, lease=Lease.HOLDS)

    def ended(self, task: Task, event: Event) -> Task:
        return task._replace(state=target(event), lease=Lease.NONE)

    def replayed(self, task: Task) -> Task:
        return task._replace(state=target(Event.REPLAY), cancel_requested=False)


class Model:
    """The life of a task that ``workers`` work on, until it was claimed ``attempts`` times.

    Attributes:
        walked: the arrows of the transition table that ``check`` came along.
    """

    def __init__(self, rules: Rules, *, workers: int, attempts: int) -> None:
        self._rules, self._workers, self._attempts = rules, workers, attempts
        self.walked: set[tuple[TaskState, Event]] = set()

    def check(self) -> Exploration:
        """Walk every interleaving."""
        return Explorer(World(), self.steps, self.fault, self.done).explore()

    def steps(self, world: World) -> Iterator[Step[World]]:
        """Everything that may happen next."""
        yield from self._claims(world)
        yield from self._writes(world)
        yield from self._lapses(world)
        yield from self._reaps(world)
        yield from self._orders(world)

    def fault(self, world: World) -> str | None:
        """The promise that is broken."""
        task = world.task
        if world.fault is not None:
            return world.fault
        if (task.lease is Lease.NONE) is (task.state is TaskState.RUNNING):
            return "a task has a lease exactly while it runs"
        if sum(self._rules.holds(task, fence) for fence in world.at_work) > 1:
            return "one worker at a time may write"
        return None

    def done(self, world: World) -> bool:
        """At rest, or beyond what this walk looks at."""
        beyond = world.task.state is TaskState.PENDING and len(world.minted) == self._attempts
        return world.task.state in AT_REST or beyond

    def _claims(self, world: World) -> Iterator[Step[World]]:
        if not self._rules.ready(world.task) or len(world.minted) == self._attempts:
            return
        for worker in range(self._workers):
            task = self._rules.claimed(world.task, worker)
            fence = Fence(task.attempt, worker)
            known = {each.attempt for each in world.minted}
            to = world._replace(
                task=task,
                at_work=world.at_work | {fence},
                minted=world.minted | {fence},
                fault="an attempt number is never used again" if fence.attempt in known else None,
            )
            yield Step(f"a claim hands out {fence}", self._moved(world, Event.CLAIM, to), own=True)

    def _writes(self, world: World) -> Iterator[Step[World]]:
        """What a worker does that believes in its attempt, or that forgets it with all the rest when it crashes."""
        for fence in world.at_work:
            rest = world._replace(at_work=world.at_work - {fence})
            yield Step(f"{fence} crashes", rest, own=True)
            if not self._rules.holds(world.task, fence):
                yield Step(f"{fence} writes, and learns that it is over", rest, own=True)
                continue
            renewed = world._replace(task=world.task._replace(lease=Lease.HOLDS))
            yield Step(f"{fence} renews", _accepted(renewed, fence), own=True)
            for event in WORKER_ENDS:
                to = self._closed(_accepted(rest, fence), fence, event)
                yield Step(f"{fence} ends with {event}", self._moved(world, event, to), own=True)

    def _lapses(self, world: World) -> Iterator[Step[World]]:
        if world.task.lease is Lease.HOLDS:
            yield Step("the lease runs out", world._replace(task=world.task._replace(lease=Lease.OVER)), own=True)

    def _reaps(self, world: World) -> Iterator[Step[World]]:
        task, seen = world.task, world.overdue
        if task.lease is Lease.OVER and task.worker is not None:
            found = Fence(task.attempt, task.worker)
            yield Step(f"the reaper reads that {found} is overdue", world._replace(overdue=found), own=True)
        if seen is None:
            return
        rest = world._replace(overdue=None)
        if not self._rules.recovers(task, seen):
            yield Step(f"the reaper leaves {seen} alone", rest, own=True)
            return
        if task.lease is Lease.HOLDS:
            rest = rest._replace(fault="the reaper takes nothing from a worker that renews")
        for event in REAPER_ENDS:
            to = self._closed(rest, seen, event)
            yield Step(f"the reaper ends {seen} with {event}", self._moved(world, event, to), own=True)

    def _orders(self, world: World) -> Iterator[Step[World]]:
        """What operators and time do to a task."""
        task = world.task
        if task.state is TaskState.PENDING:
            for event in (Event.CANCEL, Event.EXPIRE):
                to = world._replace(task=task._replace(state=target(event)))
                yield Step(f"it is told to {event} while it waits", self._moved(world, event, to), own=False)
        elif task.state is TaskState.RUNNING:
            to = world._replace(task=task._replace(cancel_requested=True))
            yield Step("somebody asks it to stop", to, own=False)
        else:
            to = world._replace(task=self._rules.replayed(task))
            yield Step("somebody replays it", self._moved(world, Event.REPLAY, to), own=False)

    def _closed(self, world: World, fence: Fence, event: Event) -> World:
        again = "an attempt is closed once" if fence.attempt in world.closed else None
        task = self._rules.ended(world.task, event)
        return world._replace(task=task, closed=world.closed | {fence.attempt}, fault=world.fault or again)

    def _moved(self, before: World, event: Event, after: World) -> World:
        """``after``, with a fault where the shipped table has no such arrow."""
        arrow = before.task.state, event
        self.walked.add(arrow)
        if MOVES.get(arrow) is after.task.state:
            return after
        return after._replace(fault=after.fault or f"nothing happens outside the table, as {arrow} does")


def _accepted(world: World, fence: Fence) -> World:
    """``world``, with a fault where a write was accepted whose attempt is not the one that is going on."""
    if fence == (world.task.attempt, world.task.worker):
        return world
    return world._replace(fault="a write changes nothing unless it comes from the attempt that is going on")
