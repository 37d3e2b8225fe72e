"""The statements of tasks as SQLAlchemy expressions, made once for a store when they are first used.

Rows are locked by their primary key, in its order, or by a walk along one index that passes over what others hold; so
two transactions hardly ever wait for each other in a circle.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)

from taskcore.adapters.sql.many_rows import ManyRows, Own
from taskcore.adapters.sql.rows import BACK
from taskcore.adapters.sql.schema import Read, Schema
from taskcore.states import AT_REST, MOVES, Event, TaskState, target

ENDED_BY = {
    to.value: event.value for (state, event), to in MOVES.items() if state is TaskState.RUNNING and to in AT_REST
}

_END = ("started_at", "finished_at", "result", "error", "version")
_RETURN = (*_END, "run_at", "ready")


class Statements:
    """What is asked of the tables of one store. ``ids``, ``now`` and ``most`` are what it is run with."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.settle = {event: self._settle(event) for event in Event if (TaskState.RUNNING, event) in MOVES}
        self.report = ManyRows(schema, ("progress", "progress_note"), self._report)

    # Time

    @cached_property
    def now(self) -> Read:
        """Microseconds by the server's clock, unless ``at`` says otherwise."""
        return select(self._time().label("now"))

    def _time(self) -> ColumnElement[int]:
        return func.coalesce(bindparam("at", type_=BigInteger), literal_column(self.schema.dialect.now))

    @cached_property
    def glance(self) -> Read:
        """``now``, whether tasks have become due by then, and whether any queue is held back."""
        t = self.schema.tasks.c
        due = select(t.id).where(t.ready == 0, t.run_at <= self._time())
        held = select(self.schema.controls.c.queue).where(self.holds_back)
        return select(self._time().label("now"), due.exists(), held.exists())

    @cached_property
    def holds_back(self) -> ColumnElement[bool]:
        c = self.schema.controls.c
        return or_(c.paused == 1, c.concurrency.is_not(None))

    # Rows by their ids

    @cached_property
    def lock(self) -> Read:
        """Waits for whoever holds one."""
        t = self.schema.tasks.c
        read = select(t.id, t.state, t.attempt, t.worker, t.lease_until, t.started_at, t.cancel_requested)
        return self._by_ids(read).with_for_update()

    @cached_property
    def lock_free(self) -> Read:
        """Passes over those that others hold."""
        t = self.schema.tasks.c
        return self._by_ids(select(t.id, t.state, t.ready, t.run_at, t.expires_at)).with_for_update(skip_locked=True)

    @cached_property
    def take(self) -> Read:
        return self._by_ids(select(*self.schema.task)).with_for_update()

    def _by_ids(self, read: Read) -> Read:
        tasks = self.schema.tasks
        return self.schema.by_key(read.where(tasks.c.id.in_(_ids())).order_by(tasks.c.id), tasks)

    def _change(self, **values: Any) -> Update:
        tasks = self.schema.tasks
        return self.schema.change_by_key(update(tasks).where(tasks.c.id.in_(_ids())).values(**values), tasks)

    # Claim

    @cached_property
    def ready(self) -> Read:
        """The best ready tasks of a queue, locked, without those that others hold and those of ``full`` keys.

        MariaDB notes a wait before it passes over a row, and may see a deadlock in that; then the step is done again.
        """
        t = self.schema.tasks.c
        full: BindParameter[Any] = bindparam("full", expanding=True)
        read = (
            select(*self.schema.task)
            .where(t.ready == 1, t.queue == bindparam("of"), t.run_at <= _now(), self._is_not_past())
            .where(or_(t.concurrency_key.is_(None), tuple_(t.concurrency_key, t.concurrency_limit).not_in(full)))
            .order_by(t.urgency, t.run_at, t.id)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True)
        )
        return self.schema.by_index(read, self.schema.tasks, "ready")

    def _is_not_past(self) -> ColumnElement[bool]:
        t = self.schema.tasks.c
        return or_(t.expires_at.is_(None), t.expires_at > _now())

    @cached_property
    def begin(self) -> Update:
        return self._change(
            state=TaskState.RUNNING.value,
            ready=null(),
            attempt=self.schema.tasks.c.attempt + 1,
            worker=bindparam("by"),
            lease_until=bindparam("until"),
            started_at=_now(),
            finished_at=null(),
            progress=null(),
            progress_note=null(),
        )

    @cached_property
    def running_under(self) -> Read:
        """How many tasks of each of the keys ``ids`` run."""
        t = self.schema.tasks.c
        held = select(t.concurrency_key, func.count()).where(t.concurrency_key.in_(_ids()), t.lease_until.is_not(None))
        return held.group_by(t.concurrency_key)

    @cached_property
    def busy(self) -> Read:
        """How many tasks of each key run."""
        t = self.schema.tasks.c
        read = select(t.concurrency_key, func.count()).where(t.lease_until.is_not(None), t.concurrency_key.is_not(None))
        return self.schema.by_index(read.group_by(t.concurrency_key), self.schema.tasks, "leased")

    @cached_property
    def due(self) -> Read:
        t = self.schema.tasks.c
        read = select(t.id).where(t.ready == 0, t.run_at <= _now()).order_by(t.run_at).limit(bindparam("most"))
        return self.schema.by_index(read, self.schema.tasks, "waiting")

    @cached_property
    def promote(self) -> Update:
        return self._change(ready=1)

    # What a worker writes

    @cached_property
    def renew(self) -> Update:
        return self._change(lease_until=bindparam("until"))

    def _report(self, own: Own) -> Mapping[str, ColumnElement[Any]]:
        t = self.schema.tasks.c
        return {column: func.coalesce(own(column), t[column]) for column in ("progress", "progress_note")}

    def _settle(self, event: Event) -> ManyRows:
        """End attempts with ``event``."""
        t = self.schema.tasks.c

        def changes(own: Own) -> dict[str, ColumnElement[Any]]:
            given: dict[str, ColumnElement[Any]] = {
                "state": literal(target(event).value),
                "lease_until": null(),
                "started_at": func.coalesce(own("started_at"), t.started_at),
                "finished_at": own("finished_at"),
                "error": own("error"),
                "version": own("version"),
            }
            if event in (Event.FAIL, Event.RETRY):
                given["failures"] = t.failures + 1
            if event is Event.LOSE:
                given["losses"] = t.losses + 1
            if event is Event.REPEAT:
                given |= {"failures": literal(0), "losses": literal(0)}
            if event in (Event.SUCCEED, Event.REPEAT):
                given["result"] = own("result")
            if event in BACK:
                given |= {"run_at": func.coalesce(own("run_at"), t.run_at), "ready": own("ready")}
            return given

        return ManyRows(self.schema, _RETURN if event in BACK else _END, changes)

    @cached_property
    def stopping(self) -> Read:
        t = self.schema.tasks.c
        asked = and_(t.worker == bindparam("by"), t.cancel_requested == 1, t.state == TaskState.RUNNING.value)
        read = select(t.id, t.attempt).where(t.lease_until.is_not(None), asked)
        return self.schema.by_index(read, self.schema.tasks, "leased")

    # Cancel, replay

    @cached_property
    def cancel_pending(self) -> Update:
        return self._change(state=TaskState.CANCELLED.value, ready=null(), finished_at=_now())

    @cached_property
    def cancel_running(self) -> Update:
        return self._change(cancel_requested=1)

    @cached_property
    def replay(self) -> Update:
        fresh = {"failures": 0, "losses": 0, "cancel_requested": 0}
        gone = dict.fromkeys(("expires_at", "progress", "progress_note", "result", "error"), null())
        return self._change(state=TaskState.PENDING.value, ready=1, run_at=_now(), **fresh, **gone)

    @cached_property
    def last_attempts(self) -> Read:
        """What tasks at rest tell of their last attempt, unless that was kept before."""
        t, a = self.schema.tasks.c, self.schema.attempts.c
        kept = select(a.task).where(a.task == t.id, a.number == t.attempt)
        return select(t.id, *self.last_attempt()).where(t.id.in_(_ids()), t.worker.is_not(None), ~kept.exists())

    def last_attempt(self) -> list[ColumnElement[Any]]:
        """What a task's row tells of its last attempt: the columns of an attempt behind its task."""
        t = self.schema.tasks.c
        running = t.state == TaskState.RUNNING.value
        return [
            t.attempt,
            t.worker,
            t.started_at,
            t.finished_at,
            case(ENDED_BY, value=t.state),
            case((t.state == TaskState.SUCCEEDED.value, t.result)),
            case((~running, t.error)),
            case((~running, t.version)),
        ]

    @cached_property
    def expire(self) -> Update:
        return self._change(state=TaskState.EXPIRED.value, ready=null(), finished_at=_now())


def _ids() -> Any:
    return bindparam("ids", expanding=True)


def _now() -> Any:
    return bindparam("now")
