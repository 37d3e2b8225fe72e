"""What ``QueueControls`` does, and which ready tasks have a free slot.

Nobody else writes while a claim runs, so that the running tasks themselves are the count of the slots.
"""

import json
from collections import Counter
from collections.abc import Sequence

from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.session import Session
from taskcore.models import QueueControl

_PAUSE = """
INSERT INTO {p}_controls (queue, paused) VALUES (?, ?) ON CONFLICT (queue) DO UPDATE SET paused = excluded.paused"""
_LIMIT = """
INSERT INTO {p}_controls (queue, concurrency) VALUES (?, ?)
ON CONFLICT (queue) DO UPDATE SET concurrency = excluded.concurrency"""
_RUNNING = "SELECT count(*) FROM {p}_tasks WHERE lease_until IS NOT NULL AND queue = ?"


def pause(session: Session, control: QueueControl) -> None:
    session.execute(_PAUSE, [control.queue, control.paused])


def limit(session: Session, control: QueueControl) -> None:
    session.execute(_LIMIT, [control.queue, control.concurrency])


def controls(session: Session) -> list[QueueControl]:
    rows = session.execute(f"{sql.HELD_BACK} ORDER BY queue")
    return [QueueControl(queue=queue, paused=paused == 1, concurrency=slots) for queue, paused, slots in rows]


def free_slots(session: Session, queues: Sequence[str], limit: int) -> dict[str, int]:
    """How many tasks each queue may begin, at most ``limit``; without the queues that may begin none."""
    held = {control.queue: control for control in controls(session)}
    free = {queue: _free(session, held[queue], limit) if queue in held else limit for queue in queues}
    return {queue: slots for queue, slots in free.items() if slots > 0}


def _free(session: Session, control: QueueControl, limit: int) -> int:
    if control.paused or control.concurrency is None:
        return 0 if control.paused else limit
    running: int = session.one(_RUNNING, [control.queue])
    return min(limit, control.concurrency - running)


def places_with_slot(session: Session, free: dict[str, int], limit: int) -> list[int]:
    """Where the best ready tasks with a free slot are; fewer than there are when many of them share a key."""
    if not free:
        return []
    parameters = [each for queue, slots in free.items() for each in (queue, session.now, session.now, slots)]
    chosen, begun = list[int](), Counter[str]()
    for place, key, slots, running in json.loads(session.one(sql.with_slot(len(free)), [*parameters, limit])):
        if key is not None:
            if running + begun[key] >= slots:
                continue
            begun[key] += 1
        chosen.append(place)
    return chosen
