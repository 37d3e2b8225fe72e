"""The life of a task, as data. This table is the only place that knows it.

::

                claim                 succeed
     PENDING ──────────► RUNNING ──────────► SUCCEEDED
       ▲  │                │  │  fail
       │  │ cancel/expire  │  └────────────► FAILED
       │  ▼                │ retry, release, lose, repeat
       │ CANCELLED/EXPIRED └──────────────► PENDING
       │                   ├─ cancel ─────► CANCELLED
       │                   └─ interrupt ──► INTERRUPTED
       └── replay ── every state at rest

"Scheduled" and "retrying" are no states: they are PENDING with a later ``run_at``, before
and after the first attempt.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache

from taskcore.errors import IllegalMove


class TaskState(StrEnum):
    """Where a task is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    INTERRUPTED = "interrupted"


class Event(StrEnum):
    """What happens to a task. The first group is anybody's, the second only its worker's or, after it, the reaper's."""

    CLAIM = "claim"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REPLAY = "replay"

    SUCCEED = "succeed"
    FAIL = "fail"
    RETRY = "retry"
    """The attempt failed and another one is due later."""
    RELEASE = "release"
    """The worker gives the task back unfinished; the attempt counts against nothing."""
    LOSE = "lose"
    """The lease ran out under the worker."""
    REPEAT = "repeat"
    """This run of a periodic task is over; the same task waits for its next instant."""
    INTERRUPT = "interrupt"
    """The worker stopped in the middle of work that must not be repeated blindly."""


S, E = TaskState, Event

MOVES: Mapping[tuple[TaskState, Event], TaskState] = {
    (S.PENDING, E.CLAIM): S.RUNNING,
    (S.PENDING, E.CANCEL): S.CANCELLED,
    (S.PENDING, E.EXPIRE): S.EXPIRED,
    (S.RUNNING, E.SUCCEED): S.SUCCEEDED,
    (S.RUNNING, E.FAIL): S.FAILED,
    (S.RUNNING, E.CANCEL): S.CANCELLED,
    (S.RUNNING, E.INTERRUPT): S.INTERRUPTED,
    (S.RUNNING, E.RETRY): S.PENDING,
    (S.RUNNING, E.RELEASE): S.PENDING,
    (S.RUNNING, E.LOSE): S.PENDING,
    (S.RUNNING, E.REPEAT): S.PENDING,
    (S.SUCCEEDED, E.REPLAY): S.PENDING,
    (S.FAILED, E.REPLAY): S.PENDING,
    (S.CANCELLED, E.REPLAY): S.PENDING,
    (S.EXPIRED, E.REPLAY): S.PENDING,
    (S.INTERRUPTED, E.REPLAY): S.PENDING,
}
"""(state, event) -> the next state. What is not here does not happen."""

ACTIVE = frozenset({S.PENDING, S.RUNNING})
AT_REST = frozenset(TaskState) - ACTIVE


def move(state: TaskState, event: Event) -> TaskState:
    """Return the state that ``event`` leads to.

    Raises:
        IllegalMove: the table has no such arrow; the error names the states that have one.
    """
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(state, event, " or ".join(sorted(sources(event)))) from None


@cache
def sources(event: Event) -> frozenset[TaskState]:
    """The states in which ``event`` may happen."""
    return frozenset(state for state, arrow in MOVES if arrow is event)


@cache
def target(event: Event) -> TaskState:
    """The one state that ``event`` leads to, wherever it comes from."""
    (state,) = {to for (_, arrow), to in MOVES.items() if arrow is event}
    return state


class Phase(StrEnum):
    """A task's life as people speak of it: every state, with PENDING told apart by what the task waits for."""

    SCHEDULED = "scheduled"
    """Never tried, and not due yet."""
    QUEUED = "queued"
    """Never tried, and due."""
    RETRYING = "retrying"
    """Tried before, and waiting for the next attempt, due or not."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    INTERRUPTED = "interrupted"


WAITING = frozenset({Phase.SCHEDULED, Phase.QUEUED, Phase.RETRYING})


def phase(state: TaskState, attempt: int, run_at: datetime, now: datetime) -> Phase:
    """The phase of a task that was claimed ``attempt`` times and is due at ``run_at``, seen at ``now``."""
    if state is not S.PENDING:
        return Phase(state)
    if attempt:
        return Phase.RETRYING
    return Phase.SCHEDULED if run_at > now else Phase.QUEUED


def state_of(phase: Phase) -> TaskState:
    """The state that tasks of a phase are in."""
    return S.PENDING if phase in WAITING else TaskState(phase)
