"""The jobs of this run: puts them into the queue, and tells what has become of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taskcore.models import Attempt
from taskcore.states import AT_REST, Event, TaskState
from taskmq.bridge import bridge
from taskmq.job import Job
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.vocabulary import task_id

from demo.jobs import HANDLER, Order

BATCH = 500


@dataclass(frozen=True, slots=True)
class Audit:
    """The closing check, as ids of jobs: every file has one job, and every job stored its result once."""

    enqueued: int
    stored: int
    lost: tuple[int, ...]
    twice: tuple[int, ...]
    failed: tuple[int, ...]

    @property
    def passed(self) -> bool:
        return self.enqueued == self.stored and not (self.lost or self.twice or self.failed)


class Ledger:
    """Expects a queue that holds nothing else."""

    def __init__(self, backend: SQLiteBackend) -> None:
        self._backend = backend
        self.files: dict[int, Path] = {}

    def enqueue(self, files: Sequence[Path], effort: float) -> None:
        """Put one job a file; when this returns they are on disk."""
        for begin in range(0, len(files), BATCH):
            batch = files[begin : begin + BATCH]
            orders = [Order(uri=file.as_uri(), effort=effort) for file in batch]
            self.files.update(zip(self._backend.insert_jobs(orders, handler=HANDLER), batch, strict=True))

    def finished(self) -> int:
        """How many jobs are over, well or badly."""
        counts = bridge.run(self._backend.store.counts())
        return sum(queue.by_state.get(state, 0) for queue in counts for state in AT_REST)

    def running(self) -> dict[str, list[int]]:
        """The jobs that each worker holds now."""
        held: dict[str, list[int]] = defaultdict(list)
        for job in self._backend.find_jobs(states=frozenset({TaskState.RUNNING}), limit=len(self.files)):
            held[job.worker or ""].append(job.id)
        return held

    def jobs(self) -> list[Job]:
        """All jobs, in the order of their files."""
        return self._backend.find_jobs(limit=len(self.files), oldest_first=True)

    def attempts(self, job_id: int) -> Sequence[Attempt]:
        """The attempts of a job, first to last."""
        return bridge.run(self._backend.store.attempts(task_id(job_id)))

    def audit(self) -> Audit:
        """Look at every job and every attempt."""
        jobs = {job.id: job for job in self.jobs()}
        successes = {
            job_id: sum(attempt.ended is Event.SUCCEED for attempt in self.attempts(job_id)) for job_id in jobs
        }
        return Audit(
            enqueued=len(self.files),
            stored=sum(job.return_value is not None for job in jobs.values()),
            lost=tuple(job_id for job_id in self.files if job_id not in jobs),
            twice=tuple(job_id for job_id, times in successes.items() if times > 1),
            failed=tuple(job_id for job_id, times in successes.items() if times == 0),
        )
