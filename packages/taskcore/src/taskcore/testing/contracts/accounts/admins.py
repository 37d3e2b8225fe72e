"""The last enabled admin: nobody takes that away by accident, however many try at the same time."""

import asyncio

import pytest

from taskcore.auth.records import User, UserChange
from taskcore.auth.stores import AccountStore
from taskcore.errors import LastAdmin
from taskcore.testing.accounts import a_user, an_admin

LEAVING = [UserChange(role="viewer"), UserChange(enabled=False), UserChange(role="viewer", enabled=False)]


class AdminsContract:
    """A backend supplies ``store`` and ``another`` (a second handle on the same data)."""

    @pytest.mark.parametrize("change", LEAVING, ids=["demote", "disable", "both"])
    async def test_the_last_admin_stays_one(self, store: AccountStore, change: UserChange) -> None:
        admin = await store.add_user(an_admin())
        await store.add_user(an_admin("disabled", enabled=False))
        await store.add_user(a_user())

        with pytest.raises(LastAdmin, match="'root' is the last"):
            await store.change_user(admin.id, change)

        assert admin == await store.get_user(admin.id)

    async def test_the_last_admin_cannot_be_removed(self, store: AccountStore) -> None:
        admin = await store.add_user(an_admin())

        with pytest.raises(LastAdmin, match="'root' is the last"):
            await store.remove_user(admin.id)

        assert admin == await store.get_user(admin.id)

    async def test_who_insists_may_take_the_last_admin_away(self, store: AccountStore) -> None:
        demoted, removed = await store.add_user(an_admin("a")), await store.add_user(an_admin("b"))

        changed = await store.change_user(demoted.id, UserChange(role="viewer"), keep_admin=False)

        assert changed is not None
        assert "viewer" == changed.role
        assert await store.remove_user(removed.id, keep_admin=False)

    @pytest.mark.parametrize("change", LEAVING, ids=["demote", "disable", "both"])
    async def test_one_of_two_admins_may_go(self, store: AccountStore, change: UserChange) -> None:
        first, second = await store.add_user(an_admin("a")), await store.add_user(an_admin("b"))

        changed = await store.change_user(first.id, change)

        assert changed is not None
        assert not changed.is_admin
        with pytest.raises(LastAdmin):
            await store.remove_user(second.id)

    async def test_the_last_admin_may_be_changed_otherwise(self, store: AccountStore) -> None:
        admin = await store.add_user(an_admin())

        changed = await store.change_user(admin.id, UserChange(password_hash="new", role="admin", enabled=True))

        assert changed is not None
        assert (True, "new") == (changed.is_admin, changed.password_hash)

    async def test_who_is_no_admin_may_go_when_there_is_one_or_none(self, store: AccountStore) -> None:
        viewer, idle = await store.add_user(a_user()), await store.add_user(an_admin("idle", enabled=False))

        assert await store.change_user(viewer.id, UserChange(enabled=False)) is not None
        assert [True, True] == [await store.remove_user(viewer.id), await store.remove_user(idle.id)]

    async def test_of_two_admins_who_demote_each_other_one_is_refused(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        for n in range(8):
            one, two = await store.add_user(an_admin(f"one{n}")), await store.add_user(an_admin(f"two{n}"))

            answers = await asyncio.gather(
                store.change_user(one.id, UserChange(role="viewer")),
                another.change_user(two.id, UserChange(role="viewer")),
                return_exceptions=True,
            )

            assert [LastAdmin, User] == sorted((type(answer) for answer in answers), key=lambda kind: kind.__name__)
            for left in (one, two):
                await store.change_user(left.id, UserChange(role="viewer"), keep_admin=False)

    async def test_of_admins_who_are_removed_demoted_and_disabled_at_once_one_stays(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        admins = [await store.add_user(an_admin(f"admin{n}")) for n in range(6)]
        steps = [
            store.change_user(admins[0].id, UserChange(role="viewer")),
            another.change_user(admins[1].id, UserChange(enabled=False)),
            store.remove_user(admins[2].id),
            another.remove_user(admins[3].id),
            store.change_user(admins[4].id, UserChange(role="operator")),
            another.change_user(admins[5].id, UserChange(enabled=False, role="viewer")),
        ]

        answers = await asyncio.gather(*steps, return_exceptions=True)

        assert 1 == sum(isinstance(answer, LastAdmin) for answer in answers)
        assert 1 == sum(user.is_admin for user in await store.users())
