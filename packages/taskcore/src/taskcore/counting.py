"""From events to sums: the same words for the charts of a dashboard and for the metrics of a process."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from taskcore import statistics
from taskcore.events import AnyEvent, TaskEvent, TaskPut
from taskcore.states import Event
from taskcore.statistics import BOUNDS, RUN_TIME, RUN_WORDS, WAIT_TIME, WAIT_WORDS, Names

COUNTED: Mapping[Event, str] = {
    Event.SUCCEED: statistics.SUCCEEDED,
    Event.REPEAT: statistics.SUCCEEDED,
    Event.FAIL: statistics.FAILED,
    Event.RETRY: statistics.RETRIED,
    Event.CANCEL: statistics.CANCELLED,
    Event.EXPIRE: statistics.EXPIRED,
    Event.LOSE: statistics.LOST,
    Event.RELEASE: statistics.RELEASED,
    Event.INTERRUPT: statistics.RELEASED,
}
"""The word for each event. A run of a periodic task that ended badly repeats as well, but counts as failed."""

Place = tuple[str, str]
"""A queue and a task's name."""
Sums = dict[Place, Counter[str]]
"""How often what happened where, by the words of ``taskcore.statistics``."""


class Counting:
    """Adds events to sums; tells at most ``names`` task names and as many queues apart."""

    def __init__(self, names: int = 500) -> None:
        self._names, self._queues = Names(names), Names(names)

    def add(self, sums: Sums, events: Sequence[AnyEvent]) -> None:
        """Count a batch of events."""
        self._add_ends(sums, [event for event in events if type(event) is TaskEvent])
        for event in events:
            if type(event) is TaskPut:
                self._at(sums, event.queue, event.name)[statistics.PUT] += 1

    def _add_ends(self, sums: Sums, events: Sequence[TaskEvent]) -> None:
        """Neighbours are mostly of one kind, so what was looked up for the last event is kept: this runs once a task,
        and an enum's hash alone costs as much as all the rest."""
        kind = word = last_name = last_queue = None
        counts = Counter[str]()
        for _, what, _, name, queue, _, _, duration, wait, error in events:
            if what is not kind:
                kind, word = what, COUNTED.get(what)
            if word is None:
                continue
            if name != last_name or queue != last_queue:
                last_name, last_queue, counts = name, queue, self._at(sums, queue, name)
            counts[statistics.FAILED if error is not None and what is Event.REPEAT else word] += 1
            if duration is not None:
                counts[RUN_WORDS[bisect_left(BOUNDS, duration)]] += 1
                counts[RUN_TIME] += int(duration * 1e6)
            if wait is not None:
                counts[WAIT_WORDS[bisect_left(BOUNDS, wait)]] += 1
                counts[WAIT_TIME] += int(wait * 1e6)

    def _at(self, sums: Sums, queue: str, name: str) -> Counter[str]:
        counts = sums.get((queue, name))
        if counts is None:
            counts = sums.setdefault((self._queues(queue), self._names(name)), Counter())
        return counts
