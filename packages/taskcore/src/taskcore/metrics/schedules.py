"""What a scheduler does, as its events tell."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import Metric

from taskcore.events import AnyEvent, ScheduleEvent
from taskcore.metrics.families import counter, cumulative, gauge, histogram
from taskcore.statistics import BOUNDS, RUN_WORDS


class ScheduleMetrics:
    """Lag and misses; and who leads, where ``leads`` can say."""

    def __init__(self, system: str, leads: Callable[[], bool] | None = None) -> None:
        self._system, self.leads = system, leads
        self._lags, self._lag = Counter[str](), 0.0
        self._missed = Counter[str]()

    def add(self, events: Sequence[AnyEvent]) -> None:
        """Count what became of due instants."""
        for event in events:
            if type(event) is not ScheduleEvent:
                continue
            if event.skipped is not None:
                self._missed[event.skipped] += event.count
            else:
                lag = max(0.0, (event.at - event.instant).total_seconds())
                self._lags[RUN_WORDS[bisect_left(BOUNDS, lag)]] += 1
                self._lag += lag

    def families(self) -> Iterator[Metric]:
        """Lag and misses of this process."""
        lag = histogram("taskcore_schedule_lag_seconds", "How late the tasks of due instants were put", ("system",))
        lag.add_metric([self._system], cumulative(self._lags, RUN_WORDS), self._lag)
        yield lag
        missed = counter(
            "taskcore_schedule_missed",
            "Due instants for which no task was put, by the policy that decided so",
            ("system", "policy"),
        )
        for policy, count in self._missed.items():
            missed.add_metric([self._system, policy], count)
        yield missed
        if self.leads is not None:
            leader = gauge("taskcore_scheduler_leader", "1 on the process that leads, 0 on the others", ("system",))
            leader.add_metric([self._system], int(self.leads()))
            yield leader
