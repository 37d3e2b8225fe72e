"""A key that is replaced: both are good for a while, then the new one alone."""

import pytest

from taskcore.auth.stores import AccountStore
from taskcore.errors import InvalidInput
from taskcore.testing.accounts import HOUR, a_key
from taskcore.testing.clock import FakeClock


class RotationContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_both_keys_are_good_until_the_grace_is_over(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        old = await store.add_key(a_key("old"))

        new = await store.rotate_key(old.id, a_key("new"), grace=HOUR)

        assert new is not None
        assert (old.id, new) == (new.replaces, await another.find_key(new.digest))
        ending = await another.find_key(old.digest)
        assert ending is not None
        assert clock.now() + HOUR == ending.expires_at
        clock.advance(HOUR)
        assert (None, new) == (await another.find_key(old.digest), await another.find_key(new.digest))

    async def test_without_grace_the_old_one_ends_at_once(self, store: AccountStore) -> None:
        old = await store.add_key(a_key("old"))

        assert await store.rotate_key(old.id, a_key("new"), grace=0 * HOUR) is not None

        assert await store.find_key(old.digest) is None

    async def test_grace_does_not_prolong_a_key(self, store: AccountStore) -> None:
        old = await store.add_key(a_key("old", lifetime=HOUR))

        await store.rotate_key(old.id, a_key("new"), grace=5 * HOUR)

        ending = await store.get_key(old.id)
        assert ending is not None
        assert old.expires_at == ending.expires_at

    async def test_a_key_that_is_over_is_not_replaced(self, store: AccountStore, clock: FakeClock) -> None:
        revoked, expired = await store.add_key(a_key("revoked")), await store.add_key(a_key("expired", lifetime=HOUR))
        await store.revoke_key(revoked.id)
        clock.advance(HOUR)

        for old in (revoked, expired):
            assert await store.rotate_key(old.id, a_key("new"), grace=HOUR) is None

        assert [expired.id, revoked.id] == [key.id for key in await store.keys()]

    async def test_a_digest_that_is_taken_changes_nothing(self, store: AccountStore) -> None:
        old = await store.add_key(a_key("old"))

        with pytest.raises(InvalidInput):
            await store.rotate_key(old.id, a_key("old"), grace=HOUR)

        assert [old] == list(await store.keys())
