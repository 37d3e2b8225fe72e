"""From events to sums: the same words for the charts of a dashboard and for the metrics of a process."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import itemgetter

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


_KIND = itemgetter(1, 3, 4)
"""Event, name and queue of a ``TaskEvent``."""


class Counting:
    """Adds events to sums; tells at most ``names`` task names and as many queues apart."""

    def __init__(self, names: int = 500) -> None:
        self._names, self._queues = Names(names), Names(names)

    def add(self, sums: Sums, events: Sequence[AnyEvent]) -> None:
        """Count a batch of events. This runs for every task, so the events of one kind, name and queue are counted
        together, by what the interpreter has for whole lists."""
        ends = defaultdict[tuple[Event, str, str], list[TaskEvent]](list)
        for event in events:
            if type(event) is TaskEvent:
                ends[_KIND(event)].append(event)
            elif type(event) is TaskPut:
                self._at(sums, event.queue, event.name)[statistics.PUT] += 1
        for (kind, name, queue), alike in ends.items():
            if (word := COUNTED.get(kind)) is not None:
                _add_ends(self._at(sums, queue, name), word, kind, alike)

    def _at(self, sums: Sums, queue: str, name: str) -> Counter[str]:
        counts = sums.get((queue, name))
        if counts is None:
            counts = sums.setdefault((self._queues(queue), self._names(name)), Counter())
        return counts


def _add_ends(counts: Counter[str], word: str, kind: Event, events: Sequence[TaskEvent]) -> None:
    failed = sum(event.error is not None for event in events) if kind is Event.REPEAT else 0
    counts[word] += len(events) - failed
    if failed:
        counts[statistics.FAILED] += failed
    _add_seconds(counts, [event.duration for event in events], RUN_WORDS, RUN_TIME)
    _add_seconds(counts, [event.wait for event in events], WAIT_WORDS, WAIT_TIME)


def _add_seconds(counts: Counter[str], maybe: Sequence[float | None], words: Sequence[str], all_of_it: str) -> None:
    seconds = [each for each in maybe if each is not None]
    if not seconds:
        return
    counts[all_of_it] += int(sum(seconds) * 1e6)
    for place, times in Counter(map(bisect_left, repeat(BOUNDS), seconds)).items():
        counts[words[place]] += times
