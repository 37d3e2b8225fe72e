"""``QueueBackend`` on any store of the core: the sync door, and the words of this queue. All logic is behind it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Unpack

from taskcore.clock import aware
from taskcore.engine.execution.run import printable
from taskcore.errors import InvalidInput, StoreError
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Claim, LogLine, Order, Receipt, TaskQuery, TaskRecord, TaskSpec
from taskcore.ports import TaskStore, WorkerRegistry
from taskcore.states import TaskState

from taskmq import outcomes, retention
from taskmq.bridge import bridge
from taskmq.filters import JobFilter
from taskmq.job import Job, JobStatus
from taskmq.options import JobOptions, More, numbered, spec_of, specs_of
from taskmq.storage import entering, history, replaying, unique
from taskmq.storage.base import QueueBackend
from taskmq.storage.moves import ByHand
from taskmq.storage.opened import OpenedStore
from taskmq.vocabulary import PERIODIC, QUEUE, job_of, task_id, utc_now

QUEUES = (QUEUE,)
PAGE = 500
DEAD = frozenset({TaskState.FAILED})


class Inserted(NamedTuple):
    """What became of an order. ``created`` is False when its key was taken: ``job_id`` is the job that has it."""

    job_id: int
    created: bool


class StoreBackend(OpenedStore, QueueBackend):
    """Safe to use from any thread, and in a forked child, which gets connections of its own.

    Every method raises ``StoreUnavailable`` when the store cannot be reached.
    """

    # Jobs that come in

    def insert_job(  # type: ignore[override]  # the published backends have two parameters before the priority
        self,
        payload: Any,
        retry_policy: str = "exponential",
        scheduled_for: datetime | None = None,
        interval_seconds: int | None = None,
        handler: str | None = None,
        locked_by: str | None = None,
        lock_expires_at: datetime | None = None,
        priority: int = 0,
        **more: Unpack[More],
    ) -> int:
        """Store a job; it is on disk when this returns.

        Args:
            payload: text, or any JSON value; see ``taskmq.payload``.
            locked_by: hand the job to this worker at once, until ``lock_expires_at``.
            more: as in ``taskmq.options.JobOptions``, like all others.

        Raises:
            InvalidInput: in one sentence, with nothing stored.
        """
        options = JobOptions(
            handler=handler,
            priority=priority,
            retry_policy=retry_policy,
            scheduled_for=scheduled_for,
            interval_seconds=interval_seconds,
            **more,
        )
        spec = spec_of(payload, options, now=utc_now())
        return bridge.run(self._insert(self.store, spec, locked_by, lock_expires_at))

    def insert_jobs(
        self,
        payloads: Sequence[Any],
        *,
        handler: str | None = None,
        priority: int = 0,
        retry_policy: str = "exponential",
        scheduled_for: datetime | None = None,
        interval_seconds: int | None = None,
        **more: Unpack[More],
    ) -> list[int]:
        """Store many jobs in one commit, all or none, and return their ids in the same order.

        Raises:
            InvalidInput: as ``insert_job``; the message says which one it is.
        """
        options = JobOptions(
            handler=handler,
            priority=priority,
            retry_policy=retry_policy,
            scheduled_for=scheduled_for,
            interval_seconds=interval_seconds,
            **more,
        )
        return [int(receipt.task) for receipt in self._put(specs_of(payloads, options, now=utc_now()))]

    def insert(self, orders: Sequence[tuple[Any, JobOptions]]) -> list[Inserted]:
        """Store jobs that have options of their own in one commit, all or none, and answer in the same order.

        Raises:
            InvalidInput: as ``insert_job``; the message says which one it is.
        """
        now, specs = utc_now(), list[TaskSpec]()
        for payload, options in orders:
            with numbered(len(specs) + 1, len(orders)):
                specs.append(spec_of(payload, options, now=now))
        return [Inserted(int(receipt.task), receipt.created) for receipt in self._put(specs)]

    def _put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        return bridge.run(entering.put(self.store, specs))

    @property
    def _keys(self) -> unique.KeyStore:
        return entering.keys_of(self.store)

    async def _insert(self, store: TaskStore, spec: TaskSpec, worker: str | None, until: datetime | None) -> int:
        lease = _lease_until(until)
        (receipt,) = await entering.put(store, [spec])
        if receipt.created and worker and lease > timedelta(0):
            await store.take(receipt.task, WorkerId(worker), lease)
        return int(receipt.task)

    # Work by hand

    def fetch_job(self, worker_id: str, lock_timeout: float = 30) -> Job | None:
        """Hand out the best due job: highest priority, then longest due, then oldest. Its status is RUNNING.

        Expired locks of others are taken back first when nothing else is due.
        """
        return bridge.run(self._fetch(self.store, WorkerId(worker_id), timedelta(seconds=lock_timeout)))

    async def _fetch(self, store: TaskStore, worker: WorkerId, lease: timedelta) -> Job | None:
        wanted = Claim(worker=worker, queues=QUEUES, limit=1, lease_for=lease)
        tasks = await store.claim(wanted)
        if not tasks and await ByHand(store).take_back():
            tasks = await store.claim(wanted)
        return _job(tasks[0]) if tasks else None

    def update_status(
        self,
        job_id: int,
        status: JobStatus,
        retries: int = 0,
        error_log: str | None = None,
        result: Any = None,
        handler_hash: str | None = None,
    ) -> None:
        """Bring a job to a status, whatever it is now; see ``taskmq.storage.moves``.

        RUNNING keeps the lock of the worker that fetched the job. FAILED makes it dead; with the error
        "Cancelled by admin" it cancels instead, which only a pending job allows.

        Raises:
            IllegalMove: cancelling a job that is not pending. LeaseLost: somebody else changed it meanwhile.
        """
        bridge.run(ByHand(self.store).update(task_id(job_id), status, retries, error_log, result, handler_hash))

    def move_to_dlq(self, job_id: int, error_log: str | None = None) -> None:
        bridge.run(ByHand(self.store).bury(task_id(job_id), error_log))

    def requeue_expired_locks(self) -> None:
        """Take jobs back from workers whose lock ran out; after the fifth time a job is dead."""
        bridge.run(ByHand(self.store).take_back())

    def reschedule_periodic_jobs(self) -> None:
        """Let periodic jobs that were set to SUCCESS by hand wait for their next instant.

        A ``Worker`` needs no such call.
        """
        bridge.run(self._reschedule(self.store))

    async def _reschedule(self, store: TaskStore) -> None:
        query = TaskQuery(states=frozenset({TaskState.SUCCEEDED}), schedule=PERIODIC, limit=PAGE)
        for record in await store.find(query):
            await ByHand(store).repeat(record)

    def cancel_job(self, job_id: int) -> TaskState | None:
        """Cancel a job, and return its state: one that runs goes on until its worker has stopped it; None for none."""
        return bridge.run(self.store.cancel([task_id(job_id)]))[0]

    # Dead jobs

    def list_dead_jobs(self, limit: int = 100, offset: int = 0) -> list[Job]:
        wanted = max(limit, 0) + max(offset, 0)
        return self.find_jobs(states=DEAD, limit=wanted)[max(offset, 0) :]

    def replay_dead_job(self, job_id: int) -> int | None:
        """Store a dead job anew, take it off the dead list, and return the new id.

        Doing it twice at the same time, or again after a crash in between, makes one new job.

        Raises:
            UniqueKeyTaken: a job that is not over has its unique key.
        """
        return bridge.run(self._replay_dead(self._keys, task_id(job_id)))

    async def _replay_dead(self, store: unique.KeyStore, task: TaskId) -> int | None:
        record = await store.get(task)
        return None if record is None or record.state not in DEAD else await replaying.moved(store, record)

    def copy_job(self, job_id: int) -> int | None:
        """Store another job like this one, due now, and return its id; None when there is none to copy.

        Raises:
            UniqueKeyTaken: a job that is not over has its unique key.
        """
        return bridge.run(self._copy(self._keys, task_id(job_id)))

    async def _copy(self, store: unique.KeyStore, task: TaskId) -> int | None:
        record = await store.get(task)
        return None if record is None else await replaying.copied(store, record)

    def retry_job(self, job_id: int) -> bool:
        """Make a job that is over pending and due now, under the id that it has; False when it is not over.

        Raises:
            UniqueKeyTaken: another job has got its unique key since.
        """
        return bridge.run(self._retry(self._keys, task_id(job_id)))

    async def _retry(self, store: unique.KeyStore, task: TaskId) -> bool:
        record = await store.get(task)
        return record is not None and await unique.replay(store, record)

    def delete_job(self, job_id: int) -> bool:
        """Remove a job and its logs; False when there is none, or it is running."""
        return bool(bridge.run(self.store.delete([task_id(job_id)])))

    def purge(self, states: frozenset[TaskState], older_than: timedelta, most: int | None = None) -> int:
        """Remove jobs in these states that ended longer ago than that, oldest first, and tell how many."""
        return bridge.run(retention.purge(self.store, states, older_than, most))

    # Reading

    def get_job(self, job_id: int) -> Job | None:
        """The job, dead and cancelled ones included."""
        record = bridge.run(self.store.get(task_id(job_id)))
        return None if record is None else _job(record)

    def results(self, job_ids: Iterable[int]) -> dict[int, Any]:
        """What the handlers of these jobs returned, by id. In a handler: ``backend.results(job.depends_on)``.

        Raises:
            JobNotFound: there is no such job. JobFailed: it is dead or cancelled. JobNotOver: it has no result yet.
        """
        return {job_id: outcomes.result_of(outcomes.found(self.get_job, job_id)) for job_id in job_ids}

    def wait(self, job_id: int, timeout: float | None = None) -> Job:
        """Wait until a job has succeeded, and return it; its ``return_value`` is what the handler returned.

        Raises:
            JobNotFound: there is none, or it was removed. JobFailed: it is dead or cancelled.
            WaitTimeout: it is not over after ``timeout`` seconds. InvalidInput: it is periodic, and never over.
        """
        return outcomes.wait(self.get_job, job_id, timeout)

    def find_jobs(
        self,
        *,
        states: frozenset[TaskState] = frozenset(),
        handler: str | None = None,
        after: int | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> list[Job]:
        """Jobs by id, newest first unless told otherwise, those behind the job ``after``."""
        query = TaskQuery(
            states=states,
            name=handler,
            order=Order.OLDEST if oldest_first else Order.NEWEST,
            after=None if after is None else task_id(after),
            limit=limit,
        )
        return self.find(query) if limit > 0 else []

    def find(self, query: TaskQuery) -> list[Job]:
        """Jobs that meet every condition of a query."""
        return [_job(record) for record in bridge.run(self.store.find(query))]

    def total(self, wanted: JobFilter) -> int | None:
        """How many jobs a filter finds; None where the store has not counted such."""
        return wanted.total(bridge.run(self.store.counts())) if wanted.is_plain() else None

    def add_log(self, job_id: int, level: str, message: str, handler: str | None = None) -> None:
        """Add a line to a job's log. The handler is the job's, whatever is said here."""
        line = LogLine(task=task_id(job_id), attempt=0, at=utc_now(), level=level, message=printable(str(message)))
        bridge.run(self.store.add_logs([line]))

    def get_logs(self, job_id: int | None = None, handler: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        return bridge.run(history.lines(self.store, job_id, handler, limit))

    def get_queue_depth(self) -> int:
        return sum(each.by_state.get(TaskState.PENDING, 0) for each in bridge.run(self.store.counts()))

    def silence(self) -> timedelta | None:
        """For how long no worker has been heard of; None when the store knows of none."""
        return bridge.run(self._silence(self.store))

    async def _silence(self, store: TaskStore) -> timedelta | None:
        seen = [each.seen_at for each in await store.workers()] if isinstance(store, WorkerRegistry) else []
        return await store.now() - max(seen) if seen else None

    def check_health(self) -> bool:
        try:
            bridge.run(self.store.check())
        except (StoreError, InvalidInput):
            return False
        return True


def _lease_until(at: object) -> timedelta:
    """How long a lock lasts; no time without one.

    Raises:
        InvalidInput: it is no instant.
    """
    if at is None:
        return timedelta(0)
    if not isinstance(at, datetime):
        raise InvalidInput(f"lock_expires_at must be a datetime with a time zone, got {at!r:.80}")
    return aware(at, "lock_expires_at") - utc_now()


def _job(record: TaskRecord) -> Job:
    return job_of(record, now=utc_now())
