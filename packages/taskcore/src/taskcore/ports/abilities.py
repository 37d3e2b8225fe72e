"""What some stores can do and others cannot. Whoever wants an ability asks with ``isinstance``."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, TypeVar, runtime_checkable

from taskcore.ids import TaskId
from taskcore.models import Note, QueueControl, Receipt, TaskHistory, TaskSpec

C = TypeVar("C", contravariant=True)


@runtime_checkable
class Wakeup(Protocol):
    """A store that notices new work. Others are polled."""

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        """Return when a task of ``queues`` may have become ready, or after ``timeout`` seconds.

        A hint: returning early or for nothing is fine, staying silent for longer than ``timeout`` is not.
        """
        ...


@runtime_checkable
class TransactionalEnqueue(Protocol[C]):
    """A store that lives in the application's own database."""

    async def put_within(self, connection: C, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """``TaskQueue.put`` inside the transaction that ``connection`` has open: the tasks exist if it commits."""
        ...


@runtime_checkable
class Changes(Protocol):
    """A store that can say cheaply whether it is worth looking again."""

    async def revision(self) -> str:
        """A text that has changed once anything that the store keeps has: a task, a schedule, a control, a worker.

        It may change for other reasons too, and means nothing beyond being equal or not. Costs the same however much
        is stored.
        """
        ...


@runtime_checkable
class ChangeAlerts(Protocol):
    """A store that tells of changes. Others are asked for their ``revision`` now and then."""

    async def wait_for_change(self, timeout: float) -> None:
        """Return soon after something has changed that people watch, or after ``timeout`` seconds. A hint, as of
        ``Wakeup``; of changes in quick succession it tells together."""
        ...


@runtime_checkable
class PerLoop(Protocol):
    """A store that serves any event loop, with connections of its own for each."""

    async def leave(self) -> None:
        """Let go of those of the running event loop, before it ends; to use the store again makes new ones."""
        ...


@runtime_checkable
class TaskArchive(Protocol):
    """A store that takes in the tasks of another one."""

    async def restore(self, tasks: Sequence[TaskHistory]) -> Sequence[bool]:
        """Store tasks as they are, with their ids, instants, attempts and log lines; a batch in one step.

        Answers False for a task whose id or idempotency key another one has: nothing of it is stored. Numbers that the
        store gives go on behind the highest one. Doing it again changes nothing.

        Raises:
            InvalidInput: an id is none of this store's.
        """
        ...


@runtime_checkable
class Rearranging(Protocol):
    """A store whose tasks can be given another place after they were put."""

    async def move(self, tasks: Sequence[TaskId], queue: str) -> Sequence[bool]:
        """Let PENDING tasks wait in ``queue`` from now on, and change nothing else of them; True where that happened.

        Raises:
            InvalidInput: that is no name of a queue.
        """
        ...

    async def release_keys(self, tasks: Sequence[TaskId]) -> Sequence[bool]:
        """Let go of the idempotency keys of tasks at rest, so that others can be put with them; True where there was
        one to let go of."""
        ...


@runtime_checkable
class Notes(Protocol):
    """A store that keeps short texts by name, on which all processes agree. Time, commits and errors: as in
    ``taskcore.ports.tasks``."""

    async def read_note(self, name: str) -> Note:
        """The text of this name, as it is now."""
        ...

    async def swap_note(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        """Store ``new`` if the text is still ``old``; False, and no change, when it is another one by now.

        It is gone when nobody stores another one within ``keep_for``.
        """
        ...


@runtime_checkable
class QueueControls(Protocol):
    """A store whose queues can be held back, for all workers at once.

    A slot is the lease of a running task and nothing else, so it cannot leak: it is free again in the commit that ends
    the attempt, whoever ends it. Lowering a limit stops nothing that runs. ``take`` heeds neither pauses nor limits,
    but what it takes fills a slot. Work that is held back is no reason for ``Wakeup.wait_for_work`` to return.
    """

    async def pause(self, queue: str) -> None:
        """Hand out no task of ``queue`` until it is resumed; what runs goes on."""
        ...

    async def resume(self, queue: str) -> None:
        """Hand out its tasks again."""
        ...

    async def limit(self, queue: str, concurrency: int | None) -> None:
        """Let at most ``concurrency`` tasks of ``queue`` be RUNNING at the same time; None lifts the limit."""
        ...

    async def controls(self) -> Sequence[QueueControl]:
        """The queues that are paused or limited, by name."""
        ...
