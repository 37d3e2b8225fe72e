"""Keys for programs: found by digest while they are good, listed for ever after."""

import asyncio

import pytest

from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.records import ApiKey
from taskcore.auth.stores import AccountStore
from taskcore.errors import InvalidInput
from taskcore.testing.accounts import HOSTILE, HOUR, NOT_STORABLE, a_key, a_user, digest_of
from taskcore.testing.clock import FakeClock

GRANTS = (Grant(frozenset({Verb.ENQUEUE}), Kind.QUEUE, "mail"),)


class KeysContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_a_key_comes_back_as_it_was_given(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        owner = await store.add_user(a_user())
        new = a_key("s", name="CI", owner=owner.id, prefix="tc_ab", role="operator", grants=GRANTS, lifetime=HOUR)

        key = await store.add_key(new)

        expected = ApiKey(
            id=key.id,
            digest=digest_of("s"),
            name="CI",
            owner=owner.id,
            prefix="tc_ab",
            role="operator",
            grants=GRANTS,
            created_at=clock.now(),
            expires_at=clock.now() + HOUR,
        )
        assert expected == key
        assert (key, key) == (await another.find_key(digest_of("s")), await another.get_key(key.id))

    async def test_a_key_of_nobody_does_not_expire(self, store: AccountStore, clock: FakeClock) -> None:
        key = await store.add_key(a_key())
        clock.advance(10_000 * HOUR)

        assert (None, None, key) == (key.owner, key.expires_at, await store.find_key(key.digest))

    @pytest.mark.parametrize("hostile", HOSTILE)
    async def test_hostile_names_are_kept(self, store: AccountStore, another: AccountStore, hostile: str) -> None:
        new = a_key(name=hostile, prefix=hostile, owner=hostile or None)

        key = await store.add_key(new)
        await store.touch_key(key.id, peer=hostile)

        found = await another.get_key(key.id)
        assert found is not None
        assert (new.name, new.prefix, new.owner) == (found.name, found.prefix, found.owner)
        assert hostile[:299] == (found.last_used_from or "")[:299]

    @pytest.mark.parametrize("asked", [*HOSTILE, *NOT_STORABLE, digest_of("key")[:-1], digest_of("key") + " "])
    async def test_any_text_may_be_shown_as_a_key(self, store: AccountStore, asked: str) -> None:
        key = await store.add_key(a_key())

        assert (None, None) == (await store.find_key(asked), await store.get_key(asked))
        assert [] == list(await store.keys(owner=asked))
        assert len(await store.keys(after=asked)) <= 1
        assert not await store.revoke_key(asked)
        assert await store.rotate_key(asked, a_key("new"), grace=HOUR) is None
        await store.touch_key(asked, peer=asked)
        assert key == await store.find_key(key.digest)

    async def test_a_digest_is_used_once(self, store: AccountStore, another: AccountStore) -> None:
        adding = [handle.add_key(a_key(name=str(n))) for n, handle in enumerate([store, another] * 2)]

        answers = await asyncio.gather(*adding, return_exceptions=True)

        assert 3 == sum(isinstance(answer, InvalidInput) for answer in answers)
        assert 1 == len(await store.keys())

    async def test_an_expired_key_is_listed_and_not_found(self, store: AccountStore, clock: FakeClock) -> None:
        key = await store.add_key(a_key(lifetime=HOUR))

        clock.advance(HOUR)

        assert (None, [key]) == (await store.find_key(key.digest), list(await store.keys()))

    async def test_a_revoked_key_is_listed_and_not_found(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        key = await store.add_key(a_key())
        clock.advance(60)

        assert [True, False] == [await store.revoke_key(key.id), await another.revoke_key(key.id)]

        assert await another.find_key(key.digest) is None
        assert [clock.now()] == [each.revoked_at for each in await another.keys()]

    async def test_of_many_who_revoke_a_key_one_did(self, store: AccountStore, another: AccountStore) -> None:
        key = await store.add_key(a_key())

        revoked = await asyncio.gather(*[handle.revoke_key(key.id) for handle in [store, another] * 3])

        assert [False] * 5 + [True] == sorted(revoked)

    async def test_its_last_use_is_noted(self, store: AccountStore, another: AccountStore, clock: FakeClock) -> None:
        key = await store.add_key(a_key())
        clock.advance(60)

        await another.touch_key(key.id, peer="10.0.0.7")

        found = await store.find_key(key.digest)
        assert found is not None
        assert (clock.now(), "10.0.0.7") == (found.last_used_at, found.last_used_from)

    async def test_a_touch_does_not_bring_back_what_was_removed_or_revoked(
        self, store: AccountStore, clock: FakeClock
    ) -> None:
        key = await store.add_key(a_key())
        await store.revoke_key(key.id)
        await store.touch_key(key.id)
        assert await store.find_key(key.digest) is None
        clock.advance(1)
        await store.prune_keys(older_than=0 * HOUR)

        await store.touch_key(key.id)

        assert (None, []) == (await store.get_key(key.id), list(await store.keys()))

    async def test_keys_are_paged_newest_first_and_by_owner(self, store: AccountStore, another: AccountStore) -> None:
        added = [await store.add_key(a_key(str(n), owner="eve" if n % 2 else None)) for n in range(5)]

        first = await another.keys(limit=3)
        second = await another.keys(after=first[-1].id, limit=3)

        assert added[::-1] == [*first, *second]
        assert [added[3], added[1]] == list(await another.keys(owner="eve"))
        assert [added[1]] == list(await another.keys(owner="eve", after=added[3].id))
        assert [] == list(await another.keys(owner="bob"))

    async def test_pruning_removes_what_ended_long_ago(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        good = await store.add_key(a_key("good"))
        revoked = [await store.add_key(a_key(f"revoked {n}")) for n in range(2)]
        await store.add_key(a_key("expired", lifetime=HOUR))
        later = await store.add_key(a_key("later", lifetime=3 * HOUR))
        for key in revoked:
            await store.revoke_key(key.id)
        clock.advance(4 * HOUR)
        fresh = await store.add_key(a_key("fresh"))
        await store.revoke_key(fresh.id)

        assert [2, 1, 0] == [await another.prune_keys(older_than=2 * HOUR, limit=2) for _ in range(3)]

        assert [fresh.id, later.id, good.id] == [key.id for key in await store.keys()]
        assert revoked[0].id != (await store.add_key(a_key("revoked 0"))).id
