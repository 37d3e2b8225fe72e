"""What every task store owes its callers.

The obligations hold for all methods:

- **Time is the store's.** Due instants and leases are compared with the store's own clock, never with a caller's, so
  that workers on machines whose clocks differ agree.
- **One step.** A method's whole effect is committed together or not at all, and is durable when it returns.
- **The fence.** A write that carries a ``Fence`` changes nothing unless the task is RUNNING with exactly
  that attempt and worker, and says so.
- **Nothing is decided here.** A store applies ``taskcore.states`` and the fields it is given: no backoff, no log line.
- **Trouble has two names.** A store that cannot be reached, or stays locked by others, raises ``StoreUnavailable``;
  tables of another release raise ``SchemaMismatch``. No driver error escapes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import (
    Attempt,
    Claim,
    LogLine,
    QueueCounts,
    Receipt,
    Report,
    Settlement,
    TaskQuery,
    TaskRecord,
    TaskSpec,
)
from taskcore.states import TaskState


class TaskQueue(Protocol):
    """What a producer or an operator needs."""

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """Store tasks as PENDING, and answer in the same order.

        An order whose idempotency key is taken (by a stored task or earlier in ``specs``) stores nothing and is
        answered with the id of the first one. A caller's ``id`` that is taken raises ``InvalidInput``.
        """
        ...

    async def cancel(self, tasks: Sequence[TaskId]) -> Sequence[TaskState | None]:
        """Stop tasks, and answer with each one's state afterwards; None where there is no such task.

        A PENDING task becomes CANCELLED at once. A RUNNING one stays RUNNING with ``cancel_requested`` set until
        its worker settles it. A task at rest is left as it is.
        """
        ...

    async def replay(self, tasks: Sequence[TaskId]) -> Sequence[bool]:
        """Make tasks at rest PENDING and due now; True where that happened.

        ``failures``, ``losses``, ``cancel_requested``, ``expires_at``, progress, result and error start anew;
        ``attempt`` goes on, so that no worker of an earlier life can write. The last attempt is kept for ``attempts``.
        """
        ...

    async def delete(self, tasks: Sequence[TaskId]) -> int:
        """Remove tasks that are not RUNNING, with their attempts and logs; answer how many were removed."""
        ...


class TaskWork(Protocol):
    """What a worker needs."""

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        """Hand out ready tasks as RUNNING, each to one caller, best first.

        Ready is PENDING, ``run_at`` reached, not past ``expires_at``. Higher priority first, then earlier ``run_at``,
        then lower id; tasks for which no slot is free (``concurrency_key``, ``QueueControls``) are passed over. A claim
        may hand out less than there is; then ``Wakeup.wait_for_work`` returns at once.

        The claim sets worker, lease and ``started_at``, adds one to ``attempt``, and clears what the attempt before it
        left in ``progress`` and ``finished_at``; its result and error stay until the next settlement.
        """
        ...

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        """Claim one PENDING task by its id, due or expired or not; None when it is not PENDING."""
        ...

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        """Extend leases to now + ``lease_for``, and answer in the same order.

        A lease that has run out, but that nobody has taken back, is held again.
        """
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        """Apply the ends of attempts; False where the fence refused.

        FAIL and RETRY add one to ``failures``, LOSE to ``losses``; REPEAT sets both to zero. SUCCEED and REPEAT
        store ``result``. ``error`` is stored as given. RETRY, RELEASE and LOSE make the task due after ``delay``,
        REPEAT at ``run_at``. The lease ends; ``cancel_requested`` stays. ``started_at`` and ``finished_at`` that are
        None leave the instants of the claim and of the settlement. Attempts of a task that goes back to PENDING are
        kept for ``attempts``.

        Raises:
            IllegalMove: an event that no running task has; nothing of the batch is stored.
        """
        ...

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        """``settle``, then ``claim``, in one round trip and one commit."""
        ...

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        """Store progress and log lines of running tasks; False where the fence refused. What is None is left alone."""
        ...

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        """The tasks that ``worker`` runs and that somebody asked to stop. Cheap enough to ask every second."""
        ...


class TaskUpkeep(Protocol):
    """What the reaper and retention need."""

    async def overdue(self, limit: int) -> Sequence[TaskRecord]:
        """RUNNING tasks whose lease has run out, longest ago first."""
        ...

    async def recover(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        """``settle`` on behalf of workers that are gone: also False where the lease has been renewed meanwhile."""
        ...

    async def expire(self, limit: int) -> Sequence[TaskId]:
        """Make PENDING tasks that are past ``expires_at`` EXPIRED, at most ``limit`` of them."""
        ...

    async def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        """Remove tasks at rest in ``states`` that finished longer ago than ``older_than``, oldest first, with their
        attempts and logs; answer how many were removed."""
        ...


class TaskReader(Protocol):
    """What pages, APIs and CLIs need. Reading never waits for writers."""

    async def get(self, task: TaskId) -> TaskRecord | None:
        """The task, or None."""
        ...

    async def find(self, query: TaskQuery) -> Sequence[TaskRecord]:
        """At most ``query.limit`` tasks in ``query.order``, those behind ``query.after``."""
        ...

    async def counts(self) -> Sequence[QueueCounts]:
        """One entry a queue that holds any task, by name."""
        ...

    async def attempts(self, task: TaskId) -> Sequence[Attempt]:
        """The newest attempts of a task, at least ``KEPT_ATTEMPTS`` and at most twice as many, first to last, with the
        one that is going on."""
        ...

    async def logs(self, task: TaskId | None = None, *, name: str | None = None, limit: int = 100) -> Sequence[LogLine]:
        """The newest ``limit`` lines of a task or of all tasks with a handler's name, oldest first."""
        ...

    async def add_logs(self, lines: Sequence[LogLine]) -> None:
        """Keep lines that somebody who is not the task's worker writes; lines for unknown tasks are dropped."""
        ...


class TaskStore(TaskQueue, TaskWork, TaskUpkeep, TaskReader, Protocol):
    """The whole port."""

    async def now(self) -> datetime:
        """The store's own time."""
        ...

    async def check(self) -> None:
        """Prove that the store answers and that its tables fit; raises ``StoreError`` otherwise."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads. Closing twice is fine."""
        ...
