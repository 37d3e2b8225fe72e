"""Sessions: found by digest, over at their end or after a silence, and gone with their user or password."""

import asyncio

import pytest

from taskcore.auth.records import Session, UserChange
from taskcore.auth.stores import AccountStore
from taskcore.errors import InvalidInput
from taskcore.testing.accounts import (
    DAY,
    HOSTILE,
    HOUR,
    NOT_STORABLE,
    a_key,
    a_login,
    a_user,
    digest_of,
)
from taskcore.testing.clock import FakeClock
from taskcore.testing.factories import seconds


class SessionsContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_a_session_is_found_by_its_digest(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        user, now = await store.add_user(a_user()), clock.now()

        session = await store.add_session(a_login(user, peer="::1", user_agent="Firefox"))

        expected = Session(
            digest=digest_of("cookie"),
            user=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + DAY,
            peer="::1",
            user_agent="Firefox",
        )
        assert expected == session
        assert expected == await another.find_session(digest_of("cookie"), idle=HOUR)

    async def test_a_digest_is_used_once(self, store: AccountStore, another: AccountStore) -> None:
        eve, bob = await store.add_user(a_user("eve")), await store.add_user(a_user("bob"))
        await store.add_session(a_login(eve))

        with pytest.raises(InvalidInput):
            await another.add_session(a_login(bob))

        found = await store.find_session(digest_of("cookie"), idle=HOUR)
        assert found is not None
        assert eve.id == found.user

    @pytest.mark.parametrize("hostile", HOSTILE)
    async def test_what_a_client_says_of_itself_is_kept(
        self, store: AccountStore, another: AccountStore, hostile: str
    ) -> None:
        user = await store.add_user(a_user())
        new = a_login(user, peer=hostile, user_agent=hostile)

        await store.add_session(new)

        found = await another.find_session(new.digest, idle=HOUR)
        assert found is not None
        assert (new.peer, new.user_agent) == (found.peer, found.user_agent)
        assert hostile[:299] == found.user_agent[:299]

    @pytest.mark.parametrize("asked", [*HOSTILE, *NOT_STORABLE, digest_of("cookie")[:-1], digest_of("cookie") + " "])
    async def test_any_text_may_be_shown_as_a_digest(self, store: AccountStore, asked: str) -> None:
        await store.add_session(a_login(await store.add_user(a_user())))

        assert await store.find_session(asked, idle=HOUR) is None
        await store.touch_session(asked)
        assert ([], 0) == (list(await store.sessions(asked)), await store.remove_sessions(asked))
        assert not await store.remove_session(asked)
        assert await store.find_session(digest_of("cookie"), idle=HOUR) is not None

    async def test_it_is_over_at_its_end_however_busy_it_is(self, store: AccountStore, clock: FakeClock) -> None:
        user = await store.add_user(a_user())
        await store.add_session(a_login(user, lifetime=HOUR))

        clock.advance(HOUR - seconds(1))
        await store.touch_session(digest_of("cookie"))
        assert await store.find_session(digest_of("cookie"), idle=HOUR) is not None
        clock.advance(1)
        await store.touch_session(digest_of("cookie"))

        assert await store.find_session(digest_of("cookie"), idle=HOUR) is None
        assert [] == list(await store.sessions(user.id))

    async def test_silence_ends_it_and_a_touch_prolongs_it(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        await store.add_session(a_login(await store.add_user(a_user())))

        clock.advance(HOUR)
        await another.touch_session(digest_of("cookie"))
        clock.advance(HOUR)
        found = await store.find_session(digest_of("cookie"), idle=HOUR)
        assert found is not None
        assert clock.now() - HOUR == found.seen_at

        clock.advance(seconds(0.000001))
        assert await store.find_session(digest_of("cookie"), idle=HOUR) is None
        assert await store.find_session(digest_of("cookie"), idle=2 * HOUR) is not None

    async def test_a_touch_does_not_bring_back_what_was_ended(self, store: AccountStore, another: AccountStore) -> None:
        user = await store.add_user(a_user())
        await store.add_session(a_login(user))

        assert [True, False] == [await store.remove_session(digest_of("cookie")) for _ in range(2)]
        await another.touch_session(digest_of("cookie"))

        assert await another.find_session(digest_of("cookie"), idle=HOUR) is None
        assert [] == list(await another.sessions(user.id))

    async def test_nobody_else_logs_in_with_it(self, store: AccountStore) -> None:
        eve, bob = await store.add_user(a_user("eve")), await store.add_user(a_user("bob", enabled=False))

        assert await store.add_session(a_login("nobody")) is None
        assert await store.add_session(a_login("a\0b")) is None
        assert await store.add_session(a_login(bob)) is None
        assert await store.add_session(a_login(eve), if_hash="an old one") is None
        assert await store.find_session(digest_of("cookie"), idle=HOUR) is None
        assert await store.add_session(a_login(eve), if_hash=eve.password_hash) is not None

    async def test_the_sessions_of_a_user_are_listed_newest_first(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        eve, bob = await store.add_user(a_user("eve")), await store.add_user(a_user("bob"))
        for number in range(3):
            await store.add_session(a_login(eve, f"cookie {number}"))
            clock.advance(1)
        await store.add_session(a_login(bob))

        listed = await another.sessions(eve.id)

        assert [digest_of(f"cookie {number}") for number in (2, 1, 0)] == [session.digest for session in listed]

    async def test_all_sessions_but_one_can_be_ended(self, store: AccountStore, another: AccountStore) -> None:
        eve, bob = await store.add_user(a_user("eve")), await store.add_user(a_user("bob"))
        for name in ("a", "b", "c"):
            await store.add_session(a_login(eve, name))
        await store.add_session(a_login(bob, "d"))

        assert 2 == await another.remove_sessions(eve.id, keep=digest_of("b"))

        assert [digest_of("b")] == [session.digest for session in await store.sessions(eve.id)]
        assert [1, 0] == [await store.remove_sessions(eve.id), await store.remove_sessions(eve.id)]
        assert 1 == len(await store.sessions(bob.id))

    async def test_a_removed_user_has_no_sessions_and_no_good_keys(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        eve, bob = await store.add_user(a_user("eve")), await store.add_user(a_user("bob"))
        await store.add_session(a_login(eve))
        hers, his = await store.add_key(a_key("hers", owner=eve.id)), await store.add_key(a_key("his", owner=bob.id))

        await another.remove_user(eve.id)

        assert await store.find_session(digest_of("cookie"), idle=HOUR) is None
        assert (None, his) == (await store.find_key(hers.digest), await store.find_key(his.digest))
        kept = await store.get_key(hers.id)
        assert kept is not None
        assert kept.revoked_at is not None

    async def test_no_session_outlives_its_user(self, store: AccountStore, another: AccountStore) -> None:
        for n in range(6):
            user = await store.add_user(a_user(f"eve{n}"))

            await asyncio.gather(
                *[store.add_session(a_login(user, f"{n}.{m}")) for m in range(3)],
                another.remove_user(user.id),
            )

            assert [] == list(await store.sessions(user.id))

    async def test_an_old_password_opens_no_session_once_the_new_one_is_stored(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        async def change_and_end(user: str) -> None:
            await another.change_user(user, UserChange(password_hash="new"))
            await another.remove_sessions(user)

        for n in range(6):
            user = await store.add_user(a_user(f"eve{n}"))

            await asyncio.gather(
                *[store.add_session(a_login(user, f"{n}.{m}"), if_hash=user.password_hash) for m in range(3)],
                change_and_end(user.id),
            )

            assert [] == list(await store.sessions(user.id))

    async def test_pruning_removes_what_is_over(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        user = await store.add_user(a_user())
        await store.add_session(a_login(user, "silent"))
        await store.add_session(a_login(user, "silent too"))
        clock.advance(2 * HOUR)
        await store.add_session(a_login(user, "busy"))

        assert [1, 1, 0] == [await another.prune_sessions(idle=HOUR, limit=1) for _ in range(3)]

        assert [digest_of("busy")] == [session.digest for session in await store.sessions(user.id)]
