"""Users: names that are unique whatever their case, and changes that change nothing else."""

import asyncio

import pytest

from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.records import User, UserChange
from taskcore.auth.stores import AccountStore
from taskcore.errors import InvalidInput, NameTaken
from taskcore.testing.accounts import HOSTILE, NOT_STORABLE, a_user, an_admin
from taskcore.testing.clock import FakeClock

GRANTS = (
    Grant(frozenset({Verb.RETRY, Verb.CANCEL}), Kind.QUEUE, "mail*"),
    Grant(frozenset({Verb.VIEW}), None, "'\"\\ 🦊"),
)


class UsersContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_a_user_comes_back_as_it_was_given(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        new = a_user("Eve", role="operator", grants=GRANTS, enabled=False, must_change_password=True)

        user = await store.add_user(new)

        expected = User(
            id=user.id,
            name="Eve",
            password_hash="hash of Eve",
            role="operator",
            grants=GRANTS,
            enabled=False,
            must_change_password=True,
            created_at=clock.now(),
        )
        assert expected == user
        assert (user, user) == (await another.get_user(user.id), await another.find_user("Eve"))

    @pytest.mark.parametrize(
        ("name", "same"), [("Eve", "eVE"), ("GRÖSSE", "größe"), ("ﬁne", "FINE"), ("e\u0301", "É"), ("İ", "i\u0307")]
    )
    async def test_a_name_that_differs_in_letters_alone_is_taken(
        self, store: AccountStore, another: AccountStore, name: str, same: str
    ) -> None:
        user = await store.add_user(a_user(name))

        with pytest.raises(NameTaken):
            await another.add_user(a_user(same))

        assert [user] == list(await another.users())
        assert user == await another.find_user(same)

    async def test_names_that_only_look_alike_do_not_meet(self, store: AccountStore) -> None:
        for name in ("eve", "eve2", "e ve", "éve", "\u0435ve", "eve%", "eve_", "zz" + "e" * 98):
            await store.add_user(a_user(name))

        assert 8 == len(await store.users())

    @pytest.mark.parametrize("name", ["it's", 'quo"ted', "🦊🦊", "用户", "x" * 100, "a b", "%", "\\", "--", "ß" * 99])
    async def test_odd_names_are_names(self, store: AccountStore, another: AccountStore, name: str) -> None:
        user = await store.add_user(a_user(name))

        assert (name, user) == (user.name, await another.find_user(name))

    @pytest.mark.parametrize("asked", [*HOSTILE, *NOT_STORABLE, "eve ", " eve", "eve\0", "eve\n", "ev_", "%"])
    async def test_any_text_may_be_asked_for(self, store: AccountStore, asked: str) -> None:
        await store.add_user(a_user())

        assert (None, None) == (await store.find_user(asked), await store.get_user(asked))
        assert await store.change_user(asked, UserChange(role="operator")) is None
        assert not await store.rehash(asked, asked, "new")
        assert not await store.remove_user(asked)
        await store.touch_user(asked)
        assert len(await store.users(after=asked)) <= 1

    async def test_of_many_who_take_a_name_at_the_same_time_one_gets_it(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        adding = [handle.add_user(a_user(name)) for handle in (store, another) for name in ("Eve", "eve", "EVE")]

        answers = await asyncio.gather(*adding, return_exceptions=True)

        added = [answer for answer in answers if isinstance(answer, User)]
        assert ([NameTaken] * 5, 1) == ([type(each) for each in answers if each not in added], len(added))
        assert added == list(await store.users())

    async def test_of_many_first_users_one_is_the_first(self, store: AccountStore, another: AccountStore) -> None:
        adding = [(store, another)[n % 2].add_first_user(an_admin(f"root{n}")) for n in range(6)]

        added = [user for user in await asyncio.gather(*adding) if user is not None]

        assert (1, added) == (len(added), list(await store.users()))
        assert await another.add_first_user(an_admin("late")) is None

    async def test_pages_of_users_are_sorted_by_name(self, store: AccountStore, another: AccountStore) -> None:
        for name in ("delta", "Bravo", "charlie", "ALPHA"):
            await store.add_user(a_user(name))

        first = await another.users(limit=2)
        second = await another.users(after=first[-1].name, limit=2)

        assert ["ALPHA", "Bravo", "charlie", "delta"] == [user.name for user in [*first, *second]]
        assert [] == list(await another.users(after="Delta"))

    @pytest.mark.parametrize("limit", [0, -1, 1_001])
    async def test_a_page_without_bounds_is_refused(self, store: AccountStore, limit: int) -> None:
        with pytest.raises(InvalidInput):
            await store.users(limit=limit)
        with pytest.raises(InvalidInput):
            await store.keys(limit=limit)

    async def test_a_change_changes_what_it_names_alone(
        self, store: AccountStore, another: AccountStore, clock: FakeClock
    ) -> None:
        user = await store.add_user(a_user())
        await asyncio.gather(
            store.change_user(user.id, UserChange(role="operator", grants=GRANTS)),
            another.change_user(user.id, UserChange(enabled=False)),
            another.touch_user(user.id),
        )

        changed = await store.get_user(user.id)

        assert changed is not None
        assert ("operator", GRANTS, False) == (changed.role, changed.grants, changed.enabled)
        assert ("hash of eve", None, clock.now()) == (
            changed.password_hash,
            changed.password_changed_at,
            changed.last_login_at,
        )

    async def test_a_change_of_nothing_answers_with_the_user(self, store: AccountStore) -> None:
        user = await store.add_user(a_user())

        assert user == await store.change_user(user.id, UserChange())

    async def test_grants_can_be_taken_away(self, store: AccountStore, another: AccountStore) -> None:
        user = await store.add_user(a_user(grants=GRANTS))

        changed = await store.change_user(user.id, UserChange(grants=(), must_change_password=True))

        assert changed == await another.get_user(user.id)
        assert changed is not None
        assert ((), True) == (changed.grants, changed.must_change_password)

    async def test_a_new_password_is_dated(self, store: AccountStore, another: AccountStore, clock: FakeClock) -> None:
        user = await store.add_user(a_user())
        clock.advance(60)

        changed = await store.change_user(user.id, UserChange(password_hash="new", must_change_password=False))

        assert changed == await another.get_user(user.id)
        assert changed is not None
        assert ("new", clock.now()) == (changed.password_hash, changed.password_changed_at)

    async def test_a_password_that_was_changed_meanwhile_is_not_changed_again(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        user = await store.add_user(a_user())
        changing = [
            handle.change_user(user.id, UserChange(password_hash=f"new {n}"), if_hash=user.password_hash)
            for n, handle in enumerate([store, another] * 3)
        ]

        changed = [each for each in await asyncio.gather(*changing) if each is not None]

        assert changed == [await store.get_user(user.id)]

    async def test_a_rehash_keeps_the_date_and_loses_to_a_new_password(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        user = await store.add_user(a_user())

        assert await store.rehash(user.id, user.password_hash, "stronger")
        assert not await another.rehash(user.id, user.password_hash, "late")

        found = await another.get_user(user.id)
        assert found is not None
        assert ("stronger", None) == (found.password_hash, found.password_changed_at)

    async def test_a_removed_user_is_gone_and_the_name_is_free_for_another_id(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        user = await store.add_user(a_user())

        assert [True, False] == [await store.remove_user(user.id), await another.remove_user(user.id)]

        assert (None, None) == (await another.get_user(user.id), await another.find_user("eve"))
        assert user.id != (await another.add_user(a_user("EVE"))).id
