"""Keys for programs: shown once, good for what was granted, and never for more than their owner."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.auth.digests import digest
from taskcore.auth.keys import visible_part
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.records import ApiKey, NewApiKey
from taskcore.errors import AccountNotFound, InvalidInput, NotAllowed

from .conftest import House

VIDEO = (Grant(frozenset({Verb.CANCEL}), Kind.QUEUE, "video"),)
letters = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


@given(st.from_regex("[a-z][a-z0-9]{0,15}", fullmatch=True), st.data())
def test_what_has_the_form_of_a_key_shows_its_first_part_alone(prefix: str, data: st.DataObject) -> None:
    middle, secret = (data.draw(st.text("aZ09", min_size=size, max_size=size)) for size in (8, 43))

    assert f"{prefix}_live_{middle}" == visible_part(f"{prefix}_live_{middle}_{secret}")


@given(st.one_of(st.text(), letters))
def test_other_text_is_no_key(text: str) -> None:
    assert visible_part(text) is None


async def test_a_key_is_good_for_what_was_granted(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", grants=VIDEO)

    bearer = await house.accounts.recognise_key(issued.text, peer="203.0.113.7")

    assert re.fullmatch(r"tc_live_\w{8}_\w{43}", issued.text)
    assert bearer is not None
    assert (f"key:{issued.key.id}", "ci", "key", issued.key.id) == (
        bearer.id,
        bearer.name,
        bearer.via,
        bearer.credential,
    )
    assert bearer.may(Verb.CANCEL, Kind.QUEUE, "video")
    assert not bearer.may(Verb.CANCEL, Kind.QUEUE, "audio")


async def test_any_other_text_is_nobody(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer")
    changed = issued.text[:-1] + ("a" if issued.text[-1] != "a" else "b")

    for text in ("", "\ud800", issued.key.prefix, changed, issued.text + "a", issued.text.upper()):
        assert await house.accounts.recognise_key(text) is None


async def test_the_store_holds_a_digest_and_what_may_be_shown(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer")
    secret = issued.text.rpartition("_")[2]

    assert secret not in repr(issued.key)
    assert issued.text.startswith(issued.key.prefix)


async def test_a_key_ends_when_its_time_is_over(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer", lifetime=timedelta(days=30))

    house.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert await house.accounts.recognise_key(issued.text) is not None

    house.clock.advance(1)
    assert await house.accounts.recognise_key(issued.text) is None


async def test_a_key_that_is_rotated_is_good_for_the_grace_and_its_successor_as_long_as_it(house: House) -> None:
    old = await house.accounts.keys.create(house.admin, "ci", grants=VIDEO, lifetime=timedelta(days=30))
    house.clock.advance(timedelta(days=10))

    new = await house.accounts.keys.rotate(house.admin, old.key.id, grace=timedelta(hours=1))

    assert (old.key.name, old.key.grants, old.key.id) == (new.key.name, new.key.grants, new.key.replaces)
    assert house.clock.now() + timedelta(days=30) == new.key.expires_at
    assert await house.accounts.recognise_key(old.text) is not None
    house.clock.advance(timedelta(hours=1))
    assert await house.accounts.recognise_key(old.text) is None
    assert await house.accounts.recognise_key(new.text) is not None


async def test_a_revoked_key_ends_at_once_and_is_not_rotated(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer")

    await house.accounts.keys.revoke(house.admin, issued.key.id)
    await house.accounts.keys.revoke(house.admin, issued.key.id)

    assert await house.accounts.recognise_key(issued.text) is None
    with pytest.raises(AccountNotFound):
        await house.accounts.keys.rotate(house.admin, issued.key.id)
    assert ["key.create", "key.revoke"] == await house.actions()


async def found(house: House, key: ApiKey) -> ApiKey:
    return next(each for each in await house.accounts.keys.page(house.admin) if each.id == key.id)


async def test_its_use_is_noted_once_a_minute_at_most(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer")
    first = house.clock.now()

    for peer in ("203.0.113.7", "203.0.113.8"):
        await house.accounts.recognise_key(issued.text, peer=peer)
        house.clock.advance(59)
    used = await found(house, issued.key)
    assert (first, "203.0.113.7") == (used.last_used_at, used.last_used_from)

    await house.accounts.recognise_key(issued.text, peer="203.0.113.9")
    assert "203.0.113.9" == (await found(house, issued.key)).last_used_from


async def test_a_key_may_never_more_than_its_owner_does_by_now(house: House) -> None:
    await house.accounts.users.set_rights(house.admin, house.bob.id, role="operator")
    issued = await house.accounts.keys.create(house.admin, "ci", role="admin", owner=house.bob.id)

    bearer = await house.accounts.recognise_key(issued.text)
    assert bearer is not None
    assert ("", True, False, False) == (
        bearer.role,
        bearer.may(Verb.RETRY),
        bearer.may(Verb.DELETE),
        bearer.may(Verb.ADMIN),
    )

    await house.accounts.users.set_rights(house.admin, house.bob.id, role="viewer")
    bearer = await house.accounts.recognise_key(issued.text)
    assert bearer is not None
    assert (True, False) == (bearer.may(Verb.VIEW), bearer.may(Verb.RETRY))


async def test_a_key_of_nobody_who_exists_is_nobody(house: House) -> None:
    text = "tc_live_aaaaaaaa_" + "b" * 43
    await house.store.add_key(NewApiKey(digest=digest(text), name="ci", role="admin", owner="999"))

    assert await house.accounts.recognise_key(text) is None


async def test_users_make_keys_for_themselves_with_what_they_have(house: House) -> None:
    keys, bob = house.accounts.keys, house.viewer

    issued = await keys.create(bob, "mine", role="viewer", owner=bob.id)
    for refused in (
        keys.create(bob, "more", role="operator", owner=bob.id),
        keys.create(bob, "more", grants=VIDEO, owner=bob.id),
        keys.create(bob, "of nobody", role="viewer"),
        keys.create(bob, "of another", role="viewer", owner=house.ada.id),
        keys.page(bob),
        keys.page(bob, owner=house.ada.id),
        keys.rotate(bob, "999"),
        keys.revoke(bob, (await keys.create(house.admin, "ada's", owner=house.ada.id)).key.id),
    ):
        with pytest.raises(NotAllowed):
            await refused

    assert [issued.key] == list(await keys.page(bob, owner=bob.id))
    await keys.revoke(bob, issued.key.id)


async def test_a_key_needs_a_name_a_known_role_and_some_time(house: House) -> None:
    keys, by = house.accounts.keys, house.admin
    for refused in (
        keys.create(by, " ", role="viewer"),
        keys.create(by, "ci", role="root"),
        keys.create(by, "ci", role="viewer", lifetime=timedelta(0)),
    ):
        with pytest.raises(InvalidInput):
            await refused
    with pytest.raises(AccountNotFound):
        await keys.create(by, "ci", role="viewer", owner="999")

    assert [] == list(await keys.page(by))
