"""Running what is due, and no more."""

import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from taskcore.engine.announcer import Tally
from taskcore.models import TaskQuery

from taskmq.bridge import bridge
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import QUEUE, WAITING, queue_of
from taskmq.worker import Worker

MOST_WAITING = 100_000


def drain(backend: StoreBackend, *, queues: Sequence[str] | None = None, **options: Any) -> Tally:
    """Run the jobs that are due, and those that become due through them, with the handlers of this process.

    No file is written beside the jobs. May be called where an event loop runs, which then stands still.

    Args:
        queues: all by default.
        options: as those of ``Worker``: ``func``, ``max_retries``, ``max_workers`` ...
    """
    wanted = _queues(backend) if queues is None else queues
    with TemporaryDirectory() as folder:
        return _in_a_thread(_Tidy(Path(folder), backend=backend, queues=wanted, **options))


class _Tidy(Worker):
    """One whose files are in a folder of its own."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._folder = folder
        super().__init__(**options)

    def _heartbeat_path(self) -> str:
        return str(self._folder / "heartbeat")

    def _failed_log_path(self) -> str:
        return str(self._folder / "failures")


def _queues(backend: StoreBackend) -> tuple[str, ...]:
    """Those that have jobs, or will have some that wait for others now."""
    store = backend.store
    found = {each.queue for each in bridge.run(store.counts())} | {QUEUE}
    if WAITING in found:
        found |= {queue_of(task) for task in bridge.run(store.find(TaskQuery(queue=WAITING, limit=MOST_WAITING)))}
    return tuple(sorted(found - {WAITING}))


def _in_a_thread(worker: Worker) -> Tally:
    """A loop of its own, also where another one runs."""
    done: list[Tally] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(worker.start(until_idle=True))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="taskmq-drain")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
