"""Where a claim begins to look, when the way from the front has become long.

A transaction that stays open anywhere in the database keeps PostgreSQL from cleaning up, and every claim has to walk
over what the claims before it have taken: at some thousand tasks a second that is the end of a queue within a minute.
So the store notes how far it came. When a walk passed much more than it took, the next ones begin there, and look from
the front again after a pause that is ten times as long as that took. What is put in front of a mark, because it is more
urgent or waited for its time, is seen after that pause at the latest. Without such a transaction there are no marks.
"""

import time
from collections.abc import Sequence

from taskcore.clock import to_micros
from taskcore.models import TaskRecord

LONG = 2000
"""Index entries that a walk may pass over, beside what it takes, before it counts as long."""
REST = 10
"""How many times as long as a walk from the front took the walks from a mark go on."""
AT_MOST = 5.0
"""Seconds without a walk from the front."""

Rank = tuple[int, int, str]


class Marks:
    """For each queue the rank of the last task that was taken, while it is of use."""

    def __init__(self) -> None:
        self._ranks: dict[str, Rank] = {}
        self._until = 0.0

    def columns(self, queues: Sequence[str]) -> list[Sequence[object]]:
        """The ranks behind which to begin in ``queues``, as the arrays of a claim; empty ones for the front."""
        if not self._ranks or time.monotonic() >= self._until:
            self.clear()
            return [[], [], []]
        ranks = [self._ranks.get(queue, (None, None, None)) for queue in queues]
        return [list(column) for column in zip(*ranks, strict=True)]

    def learn(self, walked: int, seconds: float, taken: Sequence[TaskRecord]) -> None:
        """A claim that took ``seconds`` walked over so many entries, and ended with the last of ``taken``."""
        if walked > LONG + 2 * len(taken):
            self._until = time.monotonic() + min(REST * seconds, AT_MOST)
        if time.monotonic() < self._until:
            for record in taken:
                rank = -record.priority, to_micros(record.run_at), record.id
                self._ranks[record.queue] = max(rank, self._ranks.get(record.queue, rank))

    def clear(self) -> bool:
        """Look from the front next time; answer whether that makes a difference."""
        marked = bool(self._ranks)
        self._ranks.clear()
        self._until = 0.0
        return marked
