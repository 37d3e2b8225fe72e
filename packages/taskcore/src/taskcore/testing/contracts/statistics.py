"""What every ``StatisticsStore`` proves."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from taskcore.models import HOUR, MINUTE, TimedCount
from taskcore.ports import StatisticsStore
from taskcore.testing.clock import NOON, FakeClock

YEARS = timedelta(days=4000)


def a_count(count: int = 1, at: datetime = NOON, **fields: Any) -> TimedCount:
    """So many successes of a minute."""
    given: dict[str, Any] = {"span": MINUTE, "queue": "default", "name": "send", "what": "succeeded"} | fields
    return TimedCount(at=at, count=count, **given)


async def everything(store: StatisticsStore, span: timedelta = MINUTE, **fields: Any) -> list[TimedCount]:
    """All counts of a span."""
    return list(await store.timed_counts(span, NOON - YEARS, NOON + YEARS, **fields))


class StatisticsStoreContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_the_ability_is_announced(self, store: StatisticsStore) -> None:
        assert isinstance(store, StatisticsStore)

    async def test_nothing_was_counted_at_first(self, store: StatisticsStore) -> None:
        await store.add_counts([])

        assert [] == await everything(store)

    async def test_counts_of_any_number_of_handles_add_up(
        self, store: StatisticsStore, another: StatisticsStore
    ) -> None:
        await store.add_counts([a_count(2), a_count(3)])
        await another.add_counts([a_count(5), a_count(1, what="failed")])

        assert [a_count(1, what="failed"), a_count(10)] == await everything(store)

    async def test_no_count_is_lost_when_many_add_at_once(
        self, store: StatisticsStore, another: StatisticsStore
    ) -> None:
        kinds: list[dict[str, Any]] = [
            {"name": name, "what": what} for name in ("a", "b") for what in ("succeeded", "failed")
        ]
        batches = [[a_count(n, **kind) for kind in kinds[:: 1 if n % 2 else -1]] for n in range(1, 21)]

        await asyncio.gather(
            *[handle.add_counts(batch) for handle, batch in zip([store, another] * 10, batches, strict=True)]
        )

        assert [210] * 4 == [each.count for each in await everything(another)]

    async def test_what_differs_in_anything_is_counted_apart(self, store: StatisticsStore) -> None:
        apart = [
            a_count(1),
            a_count(2, at=NOON + MINUTE),
            a_count(3, span=HOUR),
            a_count(4, queue="other"),
            a_count(5, name="resize"),
            a_count(6, what="failed"),
        ]
        await store.add_counts(apart)

        expected = sorted(
            [each for each in apart if each.span == MINUTE], key=lambda c: (c.at, c.queue, c.name, c.what)
        )
        assert expected == await everything(store)
        assert [apart[2]] == await everything(store, HOUR)

    async def test_a_span_of_time_begins_with_its_first_instant_and_ends_before_its_last(
        self, store: StatisticsStore
    ) -> None:
        await store.add_counts([a_count(n, at=NOON + n * MINUTE) for n in range(1, 6)])

        found = await store.timed_counts(MINUTE, NOON + 2 * MINUTE, NOON + 4 * MINUTE)

        assert [2, 3] == [each.count for each in found]

    async def test_counts_are_narrowed_to_a_queue_and_a_name(self, store: StatisticsStore) -> None:
        names = [(queue, name) for queue in ("a", "b") for name in ("send", "größe % _ ' \"")]
        await store.add_counts([a_count(n, queue=q, name=m) for n, (q, m) in enumerate(names, 1)])

        assert {1, 2} == {each.count for each in await everything(store, queue="a")}
        assert {2, 4} == {each.count for each in await everything(store, name="größe % _ ' \"")}
        assert [a_count(3, queue="b")] == await everything(store, queue="b", name="send")
        assert [] == await everything(store, queue="%")

    async def test_counts_that_began_long_ago_are_removed_by_the_clock_of_the_store(
        self, store: StatisticsStore, another: StatisticsStore, clock: FakeClock
    ) -> None:
        begun = clock.now()
        kept = [a_count(2, at=begun), a_count(3, at=begun + MINUTE)]
        await store.add_counts([a_count(1, at=begun - MINUTE), *kept, a_count(4, at=begun - HOUR, span=HOUR)])
        clock.advance(3600)

        assert 1 == await another.prune_counts(MINUTE, HOUR)

        assert kept == await everything(store)
        assert 1 == len(await everything(store, HOUR))
        assert 0 == await another.prune_counts(MINUTE, HOUR)
