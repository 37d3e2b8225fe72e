"""What some stores can do and others cannot. Whoever wants an ability asks with ``isinstance``."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from taskcore.models import Receipt, TaskSpec

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
