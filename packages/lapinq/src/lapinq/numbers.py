"""How many tasks there are, by queue and status, from the core's own numbers: no task is read for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskcore.models import QueueCounts

from lapinq.tables import Filter
from lapinq.vocabulary import STATES, STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """How many tasks of a queue have each status: every word of ``vocabulary.STATUSES`` is there."""

    queue_name: str
    counts: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"queue_name": self.queue_name, **self.counts}


def stats_of(counts: Iterable[QueueCounts]) -> Sequence[QueueStats]:
    """The same in this package's words."""
    return [
        QueueStats(
            queue_name=each.queue,
            counts={word: sum(each.by_state.get(state, 0) for state in STATES[word]) for word in STATUSES},
        )
        for each in counts
    ]


def at_most(queues: Iterable[QueueStats], wanted: Filter) -> int:
    """How many tasks have the queue and the status that a filter names, whatever else it asks for."""
    return sum(
        number
        for stats in queues
        for status, number in stats.counts.items()
        if wanted.queue in (None, "", stats.queue_name) and wanted.status in (None, "", status)
    )
