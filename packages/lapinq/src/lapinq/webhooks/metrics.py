"""Metrics of webhooks: what all processes did, as they left it in the database."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric
from taskcore import statistics
from taskcore.clock import Clock
from taskcore.metrics.families import all_together, counter, gauge
from taskcore.metrics.totals import StoredTotals

from lapinq.webhooks.deliveries import Deliveries
from lapinq.webhooks.entries import Measured

OUTCOMES: Mapping[str, str] = {
    "delivered": statistics.SUCCEEDED,
    "retried": statistics.RETRIED,
    "failed": statistics.FAILED,
}


class WebhookMetrics:
    """Shows the last reading; ``refresh`` makes one."""

    def __init__(self, deliveries: Deliveries, clock: Clock) -> None:
        self._deliveries, self._clock = deliveries, clock
        self._totals: StoredTotals | None = None
        self._measured: Measured | None = None

    async def refresh(self) -> None:
        """Ask the database.

        Raises:
            StoreError: it did not answer; what it said before is kept.
        """
        if self._totals is None:
            self._totals = StoredTotals(await self._deliveries.store(), self._clock)
        await self._totals.refresh()
        self._measured = await self._deliveries.log.measured()

    def families(self) -> Iterator[Metric]:
        """Nothing, before the first reading."""
        measured = self._measured
        if self._totals is None or measured is None:
            return
        counts = all_together(self._totals.sums)
        attempts = counter("lapinq_webhook_attempts", "Attempts to deliver webhooks, by how they ended", ("outcome",))
        for outcome, word in OUTCOMES.items():
            attempts.add_metric([outcome], counts[word])
        yield attempts
        oldest = 0.0 if measured.oldest is None else (self._clock.now() - measured.oldest).total_seconds()
        for name, text, value in (
            ("waiting", "Deliveries that are to be made", measured.waiting),
            ("retrying", "Those of them that have failed before", measured.retrying),
            ("circuits_open", "Receivers that are left alone, for they did not answer", measured.broken),
            ("oldest_seconds", "How long the oldest delivery that is to be made has waited", max(0.0, oldest)),
        ):
            family = gauge(f"lapinq_webhook_{name}", text, ())
            family.add_metric([], value)
            yield family
