"""What ``QueueControls`` does, and who may begin a task when slots are few.

The running tasks themselves are the count of the slots. Those who count queue up before: at the row of a limited queue,
or at the gates of the keys of their tasks; so what one of them begins, the next one has counted.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from sqlalchemy import func, insert, select, update

from taskcore.adapters.sql.session import Session
from taskcore.adapters.sql.tables import GATES
from taskcore.models import QueueControl


async def pause(session: Session, control: QueueControl) -> None:
    await _set(session, control.queue, paused=int(control.paused))


async def limit(session: Session, control: QueueControl) -> None:
    await _set(session, control.queue, concurrency=control.concurrency)


async def _set(session: Session, queue: str, **values: int | None) -> None:
    table = session.schema.controls
    if await session.first(select(table.c.queue).where(table.c.queue == queue).with_for_update()) is None:
        await session.change(insert(table).values(queue=queue, **values))
    else:
        await session.change(update(table).where(table.c.queue == queue).values(**values))


async def controls(session: Session) -> list[QueueControl]:
    c = session.schema.controls.c
    rows = await session.rows(select(c.queue, c.paused, c.concurrency).where(session.sql.holds_back))
    return sorted((_control(row) for row in rows), key=lambda control: control.queue)


def _control(row: Any) -> QueueControl:
    return QueueControl(queue=row.queue, paused=row.paused == 1, concurrency=row.concurrency)


async def free_slots(session: Session, queues: Sequence[str], most: int) -> dict[str, int]:
    """How many tasks each queue may begin, at most ``most``. Limited queues are held until the transaction ends."""
    free = dict.fromkeys(queues, most)
    held = {control.queue for control in await controls(session)} & free.keys()
    for control in await _locked(session, held) if held else ():
        free[control.queue] = await _free(session, control, most)
    return free


async def _locked(session: Session, queues: set[str]) -> list[QueueControl]:
    table = session.schema.controls
    c = table.c
    read = select(c.queue, c.paused, c.concurrency).where(c.queue.in_(sorted(queues))).order_by(c.queue)
    return [_control(row) for row in await session.rows(session.schema.by_key(read.with_for_update(), table))]


async def _free(session: Session, control: QueueControl, most: int) -> int:
    if control.paused or control.concurrency is None:
        return 0 if control.paused else most
    t = session.schema.tasks.c
    running = select(func.count()).where(t.queue == control.queue, t.lease_until.is_not(None))
    (number,) = await session.first(session.schema.by_index(running, session.schema.tasks, "leased"))
    return min(most, control.concurrency - int(number))


class Keys:
    """The keys whose running tasks this transaction alone counts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._gates = set[int]()

    async def with_slot(self, rows: Sequence[Any]) -> list[Any]:
        """Those of ``rows``, best first, that may begin together."""
        keys = await self._count_alone({row.concurrency_key for row in rows} - {None})
        counted = await self._session.rows(self._session.sql.running_under, ids=sorted(keys)) if keys else []
        running = Counter[str](dict(map(tuple, counted)))
        chosen = []
        for row in rows:
            key = row.concurrency_key
            if key is None or (key in keys and running[key] < row.concurrency_limit):
                running[key] += 1
                chosen.append(row)
        return chosen

    async def full(self) -> list[tuple[str, int]]:
        """Each key, with each limit that its running tasks reach."""
        busy = await self._session.rows(self._session.sql.busy)
        return [(key, limit) for key, number in busy for limit in range(1, number + 1)]

    async def _count_alone(self, keys: set[str]) -> set[str]:
        """Wait for whoever counts the tasks of ``keys``. Gates are passed in their order, or two would wait for each
        other: the keys of one that lies behind have to wait for another claim."""
        behind = max(self._gates, default=-1)
        gates = {key: crc32(key.encode()) % GATES for key in keys}
        ahead = {gate for gate in gates.values() if gate > behind}
        if ahead:
            table = self._session.schema.gates
            wait = select(table.c.gate).where(table.c.gate.in_(sorted(ahead))).order_by(table.c.gate).with_for_update()
            await self._session.rows(self._session.schema.by_key(wait, table))
            self._gates |= ahead
        return {key for key, gate in gates.items() if gate in self._gates}
