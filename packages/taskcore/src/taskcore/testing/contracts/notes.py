"""What every ``Notes`` proves."""

import asyncio
from typing import Protocol

from taskcore.ports import Notes, TaskStore
from taskcore.testing.clock import FakeClock
from taskcore.testing.factories import seconds


class NotingStore(TaskStore, Notes, Protocol):
    """A task store that keeps short texts."""


class NotesContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data), and the ``clock`` of both."""

    async def test_the_ability_is_announced(self, store: NotingStore) -> None:
        assert isinstance(store, Notes)

    async def test_what_one_writes_all_read_with_the_stores_time(
        self, store: NotingStore, another: NotingStore, clock: FakeClock
    ) -> None:
        assert (None, clock.now()) == await store.read_note("n")

        assert await store.swap_note("n", None, "text 'of' \n {any} kind \N{SNOWMAN}", seconds(10))

        assert ("text 'of' \n {any} kind \N{SNOWMAN}", clock.now()) == await another.read_note("n")
        assert (await another.read_note("N")).text is None

    async def test_only_who_knows_the_text_replaces_it(self, store: NotingStore, another: NotingStore) -> None:
        assert not await store.swap_note("n", "imagined", "a", seconds(10))
        assert await store.swap_note("n", None, "", seconds(10))

        assert not await another.swap_note("n", None, "b", seconds(10))
        assert not await another.swap_note("n", "a", "b", seconds(10))
        assert "" == (await another.read_note("n")).text

        assert await another.swap_note("n", "", "b", seconds(10))
        assert "b" == (await store.read_note("n")).text

    async def test_a_text_that_nobody_replaces_is_gone_after_its_time(
        self, store: NotingStore, clock: FakeClock
    ) -> None:
        await store.swap_note("n", None, "a", seconds(10))
        clock.advance(seconds(9))
        await store.swap_note("n", "a", "b", seconds(10))
        clock.advance(seconds(9))
        assert "b" == (await store.read_note("n")).text

        clock.advance(seconds(1))

        assert (await store.read_note("n")).text is None
        assert not await store.swap_note("n", "b", "c", seconds(10))
        assert await store.swap_note("n", None, "c", seconds(10))

    async def test_no_change_of_many_at_the_same_time_is_lost(self, store: NotingStore, another: NotingStore) -> None:
        async def count_up(handle: NotingStore) -> None:
            text = (await handle.read_note("n")).text
            while not await handle.swap_note("n", text, str(int(text or 0) + 1), seconds(10)):
                text = (await handle.read_note("n")).text

        await asyncio.gather(*[count_up(handle) for handle in [store, another] * 5])

        assert "10" == (await store.read_note("n")).text
