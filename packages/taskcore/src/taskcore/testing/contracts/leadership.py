"""What every ``LeaderStore`` proves."""

import asyncio

from taskcore.ports import LeaderStore
from taskcore.testing.clock import FakeClock
from taskcore.testing.factories import seconds

LEASE = seconds(4)


class LeaderStoreContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_a_free_lease_is_taken(self, store: LeaderStore, clock: FakeClock) -> None:
        held = await store.campaign("scheduler", "a", LEASE)

        assert ("scheduler", "a", clock.now() + LEASE) == (held.name, held.holder, held.until)

    async def test_who_comes_later_learns_who_holds_it(
        self, store: LeaderStore, another: LeaderStore, clock: FakeClock
    ) -> None:
        held = await store.campaign("scheduler", "a", LEASE)
        clock.advance(3)

        assert held == await another.campaign("scheduler", "b", LEASE)

    async def test_the_holder_renews_and_keeps_its_epoch(
        self, store: LeaderStore, another: LeaderStore, clock: FakeClock
    ) -> None:
        first = await store.campaign("scheduler", "a", LEASE)
        clock.advance(3)

        renewed = await store.campaign("scheduler", "a", LEASE)

        assert (first.epoch, clock.now() + LEASE) == (renewed.epoch, renewed.until)
        clock.advance(3)
        assert "a" == (await another.campaign("scheduler", "b", LEASE)).holder

    async def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_epoch(
        self, store: LeaderStore, another: LeaderStore, clock: FakeClock
    ) -> None:
        first = await store.campaign("scheduler", "a", LEASE)
        clock.advance(5)

        second = await another.campaign("scheduler", "b", LEASE)

        assert ("b", first.epoch + 1) == (second.holder, second.epoch)
        assert second == await store.campaign("scheduler", "a", LEASE)

    async def test_a_lease_that_was_given_back_goes_to_the_next_at_once(
        self, store: LeaderStore, another: LeaderStore
    ) -> None:
        first = await store.campaign("scheduler", "a", LEASE)

        await store.resign(first)

        second = await another.campaign("scheduler", "b", LEASE)
        assert ("b", first.epoch + 1) == (second.holder, second.epoch)

    async def test_who_gave_it_back_takes_it_anew(self, store: LeaderStore) -> None:
        first = await store.campaign("scheduler", "a", LEASE)
        await store.resign(first)

        assert first.epoch + 1 == (await store.campaign("scheduler", "a", LEASE)).epoch

    async def test_a_lease_that_was_renewed_can_still_be_given_back(
        self, store: LeaderStore, another: LeaderStore, clock: FakeClock
    ) -> None:
        await store.campaign("scheduler", "a", LEASE)
        clock.advance(1)
        renewed = await store.campaign("scheduler", "a", LEASE)

        await store.resign(renewed)

        assert "b" == (await another.campaign("scheduler", "b", LEASE)).holder

    async def test_giving_back_what_others_hold_by_now_changes_nothing(
        self, store: LeaderStore, another: LeaderStore, clock: FakeClock
    ) -> None:
        first = await store.campaign("scheduler", "a", LEASE)
        clock.advance(5)
        second = await another.campaign("scheduler", "b", LEASE)

        await store.resign(first)
        await store.resign(first)

        assert second == await another.campaign("scheduler", "c", LEASE)

    async def test_giving_back_an_earlier_term_changes_nothing(self, store: LeaderStore, another: LeaderStore) -> None:
        first = await store.campaign("scheduler", "a", LEASE)
        await store.resign(first)
        second = await store.campaign("scheduler", "a", LEASE)

        await store.resign(first)

        assert second == await another.campaign("scheduler", "b", LEASE)

    async def test_names_do_not_meet(self, store: LeaderStore) -> None:
        await store.campaign("scheduler", "a", LEASE)

        assert "b" == (await store.campaign("reaper", "b", LEASE)).holder

    async def test_of_concurrent_candidates_one_wins(self, store: LeaderStore, another: LeaderStore) -> None:
        campaigns = [handle.campaign("scheduler", f"w{n}", LEASE) for n, handle in enumerate([store, another] * 8)]

        assert 1 == len(set(await asyncio.gather(*campaigns)))
