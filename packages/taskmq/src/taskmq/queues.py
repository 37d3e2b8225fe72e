"""Queues as a whole: what is in them, and how far they are held back. The use cases of a command line and an API.

A queue is there once a job names it, somebody holds it back, or a worker serves it; nobody has to make one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from taskcore.errors import InvalidInput
from taskcore.models import QueueControl, QueueCounts
from taskcore.ports import QueueControls, TaskStore, WorkerRegistry
from taskcore.states import Phase, TaskState, state_of

from taskmq.bridge import bridge
from taskmq.errors import NotSupported
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import WAITING, word_of_phase

SILENCE = 30.0
"""Seconds without a word after which a worker no longer counts as serving its queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue at one moment.

    Attributes:
        counts: jobs by the word of their state: pending, scheduled, retrying, running, success, dead ...
        oldest_due: since when the job has been due that waits longest; None when none waits.
        paused: none of its jobs is handed out.
        limit: at most so many of its jobs run at the same time; None is no limit.
        workers: how many serve it; None where nobody can say.
    """

    name: str
    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_due: datetime | None = None
    paused: bool = False
    limit: int | None = None
    workers: int | None = None


class Queues:
    """The queues of one backend. Every method raises ``StoreUnavailable`` when it cannot be reached."""

    def __init__(self, backend: QueueBackend) -> None:
        self._backend = backend

    def all(self) -> Sequence[Queue]:
        """Every queue, by name.

        Raises:
            NotSupported: the backend has the methods of ``QueueBackend`` alone.
        """
        return bridge.run(_all(self._store()))

    def get(self, name: str) -> Queue:
        """A queue; an empty one where nothing is known of it.

        Raises:
            InvalidInput: no queue can have this name. NotSupported: as for ``all``.
        """
        QueueControl(queue=name)  # refuses what is no name
        return next((queue for queue in self.all() if queue.name == name), Queue(name=name))

    def pause(self, name: str) -> Queue:
        """Hand out none of its jobs until it is resumed; what runs goes on. Pausing twice is fine.

        Raises:
            InvalidInput: no queue can have this name, or nobody begins its jobs. NotSupported: the backend cannot hold
                back queues.
        """
        bridge.run(self._controls().pause(_to_hold(QueueControl(queue=name)).queue))
        return self.get(name)

    def resume(self, name: str) -> Queue:
        """Hand out its jobs again.

        Raises:
            As ``pause``.
        """
        bridge.run(self._controls().resume(QueueControl(queue=name).queue))
        return self.get(name)

    def limit(self, name: str, most: int | None) -> Queue:
        """Let at most ``most`` of its jobs run at the same time, on all workers together; None lifts the limit.

        Raises:
            InvalidInput: it is no number of slots, or as for ``pause``.
        """
        wanted = _to_hold(QueueControl(queue=name, concurrency=most))
        bridge.run(self._controls().limit(wanted.queue, wanted.concurrency))
        return self.get(name)

    def _store(self) -> TaskStore:
        if isinstance(self._backend, StoreBackend):
            return self._backend.store
        raise NotSupported(f"{type(self._backend).__name__} has the methods of QueueBackend alone; queues need more")

    def _controls(self) -> QueueControls:
        store = self._store()
        if isinstance(store, QueueControls):
            return store
        raise NotSupported(f"{type(store).__name__} cannot hold back queues")


def _to_hold(control: QueueControl) -> QueueControl:
    if control.queue == WAITING:
        raise InvalidInput(f"jobs in {WAITING} wait for others, and begin in queues of their own; hold those back")
    return control


async def _all(store: TaskStore) -> Sequence[Queue]:
    counts = {each.queue: each for each in await store.counts()}
    controls = {each.queue: each for each in await store.controls()} if isinstance(store, QueueControls) else {}
    serving = await _serving(store)
    waiting = [_of_those_who_wait(counts[WAITING])] if WAITING in counts else []
    return waiting + [
        Queue(
            name=name,
            counts=_by_word(counts[name].by_phase) if name in counts else {},
            oldest_due=counts[name].oldest_due if name in counts else None,
            paused=name in controls and controls[name].paused,
            limit=controls[name].concurrency if name in controls else None,
            workers=None if serving is None else serving[name],
        )
        for name in sorted({*counts, *controls, *(serving or ())} - {WAITING})
    ]


def _of_those_who_wait(counts: QueueCounts) -> Queue:
    """No worker is missing where jobs wait for others, and none of them is late."""
    at_rest = {phase: count for phase, count in counts.by_phase.items() if state_of(phase) is not TaskState.PENDING}
    waiting = counts.by_state.get(TaskState.PENDING, 0)
    return Queue(name=WAITING, counts=_by_word(at_rest) | ({"waiting": waiting} if waiting else {}))


async def _serving(store: TaskStore) -> Counter[str] | None:
    """Workers by queue."""
    if not isinstance(store, WorkerRegistry):
        return None
    now, sightings = await store.now(), await store.workers()
    there = [each.worker for each in sightings if (now - each.seen_at).total_seconds() < SILENCE]
    return Counter(queue for worker in there for queue in worker.queues)


def _by_word(by_phase: Mapping[Phase, int]) -> dict[str, int]:
    return {word_of_phase(phase): count for phase, count in by_phase.items() if count}
