"""The audit log: whatever is written into it is read again, newest first, by whoever looks for it."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from taskcore.auth.records import AuditEntry, AuditQuery
from taskcore.auth.stores import AccountStore
from taskcore.errors import InvalidInput, NaiveTime
from taskcore.testing.accounts import HOSTILE, HOUR, NOT_STORABLE, an_entry
from taskcore.testing.clock import FakeClock
from taskcore.testing.factories import seconds


class AuditContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_an_entry_comes_back_as_it_was_given(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        new = an_entry(
            "user.disable",
            actor="root",
            via="session",
            target="user:7",
            detail="it's ☃",
            peer="10.0.0.7",
            request_id="r1",
        )

        entry = await store.add_entry(new)

        expected = AuditEntry(
            id=entry.id,
            at=clock.now(),
            actor="root",
            action="user.disable",
            via="session",
            target="user:7",
            detail="it's ☃",
            peer="10.0.0.7",
            request_id="r1",
        )
        assert expected == entry
        assert [entry] == list(await another.entries(AuditQuery()))

    @pytest.mark.parametrize("hostile", [*HOSTILE, *NOT_STORABLE])
    async def test_hostile_text_is_an_entry_like_any_other(
        self, store: AccountStore, another: AccountStore, hostile: str
    ) -> None:
        new = an_entry(hostile, actor=hostile, target=hostile, detail=hostile, peer=hostile, request_id=hostile)

        entry = await store.add_entry(new)

        assert (new.actor, new.action, new.target, new.detail) == (
            entry.actor,
            entry.action,
            entry.target,
            entry.detail,
        )
        assert len(hostile) == len(entry.detail)
        for query in (AuditQuery(actor=hostile), AuditQuery(action=hostile), AuditQuery(target=hostile)):
            assert [entry] == list(await another.entries(query))

    async def test_a_page_goes_on_behind_the_last_entry_whatever_is_added(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        added = []
        for n in range(7):
            added.append(await store.add_entry(an_entry(f"step {n}")))
            clock.advance(seconds(n % 2))

        first = await another.entries(AuditQuery(limit=3))
        clock.advance(1)
        await store.add_entry(an_entry("later"))
        second = await another.entries(AuditQuery(after=first[-1].id, limit=3))
        third = await another.entries(AuditQuery(after=second[-1].id, limit=3))

        assert added[::-1] == [*first, *second, *third]

    async def test_filters_are_all_met(self, store: AccountStore, another: AccountStore, clock: FakeClock) -> None:
        added = []
        for actor, action, target in [
            ("a", "x", "1"),
            ("b", "x", "1"),
            ("a", "y", "1"),
            ("a", "x", "2"),
            ("A", "x", "1"),
        ]:
            added.append(await store.add_entry(an_entry(action, actor=actor, target=target)))
            clock.advance(60)
        start = added[0].at

        async def found(**fields: object) -> list[int]:
            entries = await another.entries(replace(AuditQuery(), **fields))  # type: ignore[arg-type]
            return [added.index(entry) for entry in entries]

        assert [3, 2, 0] == await found(actor="a")
        assert [4, 3, 1, 0] == await found(action="x")
        assert [4, 2, 1, 0] == await found(target="1")
        assert [0] == await found(actor="a", action="x", target="1")
        assert [4, 3, 2] == await found(since=start + seconds(120))
        assert [1, 0] == await found(until=start + seconds(120))
        assert [2] == await found(since=start + seconds(61), until=start + seconds(121))
        assert [2, 0] == await found(actor="a", after=added[3].id)
        assert [3] == await found(actor="a", limit=1)
        assert [] == await found(actor="a ", limit=1)
        assert [] == await found(actor="")

    async def test_many_who_write_at_the_same_time_lose_nothing(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        writing = [(store, another)[n % 2].add_entry(an_entry(f"step {n}")) for n in range(40)]

        added = await asyncio.gather(*writing)

        listed = await store.entries(AuditQuery())
        assert sorted(added, key=lambda entry: entry.id, reverse=True) == list(listed)

    async def test_pruning_removes_the_oldest(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        for n in range(5):
            await store.add_entry(an_entry(f"step {n}", actor="root"))
            clock.advance(HOUR)

        assert [2, 1, 0] == [await another.prune_entries(older_than=2 * HOUR, limit=2) for _ in range(3)]

        for query in (AuditQuery(), AuditQuery(actor="root")):
            assert ["step 4", "step 3"] == [entry.action for entry in await store.entries(query)]
        assert [] == list(await store.entries(AuditQuery(action="step 0")))

    async def test_a_query_that_cannot_be_answered_is_refused(self) -> None:
        with pytest.raises(InvalidInput):
            AuditQuery(limit=0)
        with pytest.raises(NaiveTime):
            AuditQuery(since=datetime(2026, 1, 1))  # noqa: DTZ001
