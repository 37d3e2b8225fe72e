"""Users: what admins do, what everybody does for themselves, and what nobody may."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import SYSTEM, Principal
from taskcore.auth.records import AuditQuery
from taskcore.errors import (
    AccountNotFound,
    BadLogin,
    BadToken,
    InvalidInput,
    LastAdmin,
    NameTaken,
    NotAllowed,
    TokenExpired,
    TooManyAttempts,
    WeakSecret,
)
from taskcore.testing import FakeClock

from .conftest import FAR, PASSWORD, House, empty

Step = Callable[[House, Principal], Awaitable[object]]

ADMINS_ALONE: dict[str, Step] = {
    "list users": lambda house, by: house.accounts.users.page(by),
    "see another": lambda house, by: house.accounts.users.get(by, house.ada.id),
    "create": lambda house, by: house.accounts.users.create(by, "eve", PASSWORD),
    "change rights": lambda house, by: house.accounts.users.set_rights(by, by.id, role="admin"),
    "enable": lambda house, by: house.accounts.users.enable(by, house.ada.id),
    "disable": lambda house, by: house.accounts.users.disable(by, house.ada.id),
    "remove": lambda house, by: house.accounts.users.remove(by, house.ada.id),
    "reset": lambda house, by: house.accounts.users.reset_link(by, house.ada.id),
    "see another's sessions": lambda house, by: house.accounts.users.sessions(by, house.ada.id),
    "end another's session": lambda house, by: house.accounts.users.end_session(by, house.ada.id, "0" * 64),
    "end another's sessions": lambda house, by: house.accounts.users.end_sessions(by, house.ada.id),
}


@pytest.mark.parametrize("step", ADMINS_ALONE.values(), ids=ADMINS_ALONE)
async def test_only_admins_may(house: House, step: Step) -> None:
    before = await house.accounts.users.page(SYSTEM)

    with pytest.raises(NotAllowed):
        await step(house, house.viewer)

    assert before == await house.accounts.users.page(SYSTEM)
    assert [] == await house.actions()


async def test_each_change_leaves_one_entry(house: House) -> None:
    users, by = house.accounts.users, house.admin
    eve = await users.create(by, "eve", PASSWORD, role="viewer", origin=FAR)
    await users.set_rights(by, eve.id, role="operator", origin=FAR)
    await users.set_rights(by, eve.id, grants=(Grant(frozenset({Verb.DELETE}), Kind.QUEUE, "video"),), origin=FAR)
    await users.disable(by, eve.id, origin=FAR)
    await users.enable(by, eve.id, origin=FAR)
    await users.reset_password(await users.reset_link(by, eve.id, origin=FAR), "battery staple", origin=FAR)
    await users.end_sessions(by, eve.id, origin=FAR)
    await users.remove(by, eve.id, origin=FAR)

    made = "create rights rights disable enable reset_link reset"
    assert [*(f"user.{word}" for word in made.split()), "session.end", "user.remove"] == await house.actions()
    entries = await house.accounts.entries(by, AuditQuery(target=f"user:{eve.id}"))
    assert {(FAR.peer, FAR.request_id)} == {(entry.peer, entry.request_id) for entry in entries}
    assert not any(PASSWORD in entry.detail or "staple" in entry.detail for entry in entries)


async def test_a_refused_change_changes_and_audits_nothing(house: House) -> None:
    users, by = house.accounts.users, house.admin
    for error, step in [
        (NameTaken, users.create(by, "ADA", PASSWORD)),
        (InvalidInput, users.create(by, " ", PASSWORD)),
        (InvalidInput, users.create(by, "eve", PASSWORD, role="root")),
        (WeakSecret, users.create(by, "eve", "short")),
        (InvalidInput, users.set_rights(by, house.bob.id, role="root")),
        (AccountNotFound, users.set_rights(by, "999", role="viewer")),
        (AccountNotFound, users.disable(by, "999")),
        (AccountNotFound, users.remove(by, "\ud800")),
        (AccountNotFound, users.reset_link(by, "999")),
        (AccountNotFound, users.end_session(by, house.bob.id, "0" * 64)),
    ]:
        with pytest.raises(error):
            await step

    assert [house.ada, house.bob] == list(await users.page(by))
    assert [] == await house.actions()


async def test_the_last_admin_stays(house: House) -> None:
    users, by = house.accounts.users, house.admin
    for step in (
        users.set_rights(by, house.ada.id, role="viewer"),
        users.disable(by, house.ada.id),
        users.remove(by, house.ada.id),
    ):
        with pytest.raises(LastAdmin):
            await step

    await users.set_rights(by, house.bob.id, role="admin")
    await users.remove(by, house.ada.id)


async def test_who_is_disabled_is_out_at_once(house: House) -> None:
    login = await house.accounts.login("Bob", PASSWORD)
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer", owner=house.bob.id)

    await house.accounts.users.disable(house.admin, house.bob.id)

    assert await house.accounts.recognise_session(login.cookie) is None
    assert await house.accounts.recognise_key(issued.text) is None
    with pytest.raises(BadLogin):
        await house.accounts.login("Bob", PASSWORD)


async def test_who_is_removed_is_out_at_once(house: House) -> None:
    login = await house.accounts.login("Bob", PASSWORD)
    issued = await house.accounts.keys.create(house.admin, "ci", role="viewer", owner=house.bob.id)

    await house.accounts.users.remove(house.admin, house.bob.id)

    assert await house.accounts.recognise_session(login.cookie) is None
    assert await house.accounts.recognise_key(issued.text) is None


async def test_changing_ones_password_needs_the_old_one_and_ends_all_other_sessions(house: House) -> None:
    here, elsewhere = [await house.accounts.login("Bob", PASSWORD) for _ in range(2)]
    users, by = house.accounts.users, here.principal

    with pytest.raises(BadLogin):
        await users.change_password(by, "wrong", "battery staple")
    with pytest.raises(WeakSecret):
        await users.change_password(by, PASSWORD, "short")
    await users.change_password(by, PASSWORD, "battery staple")

    assert await house.accounts.recognise_session(here.cookie) is not None
    assert await house.accounts.recognise_session(elsewhere.cookie) is None
    with pytest.raises(BadLogin):
        await house.accounts.login("Bob", PASSWORD)
    await house.accounts.login("Bob", "battery staple")


async def test_guessing_the_old_password_of_a_session_is_throttled(house: House) -> None:
    for _ in range(5):
        with pytest.raises(BadLogin):
            await house.accounts.users.change_password(house.viewer, "wrong", "battery staple", origin=FAR)

    with pytest.raises(TooManyAttempts):
        await house.accounts.users.change_password(house.viewer, PASSWORD, "battery staple", origin=FAR)


async def test_a_key_changes_no_password(house: House) -> None:
    issued = await house.accounts.keys.create(house.admin, "ci", role="admin", owner=house.ada.id)
    bearer = await house.accounts.recognise_key(issued.text)
    assert bearer is not None

    with pytest.raises(AccountNotFound):
        await house.accounts.users.change_password(bearer, PASSWORD, "battery staple")


async def test_a_reset_link_is_good_once(house: House) -> None:
    users = house.accounts.users
    login = await house.accounts.login("Bob", PASSWORD)
    link = await users.reset_link(house.admin, house.bob.id)

    with pytest.raises(WeakSecret):
        await users.reset_password(link, "short")
    await users.reset_password(link, "battery staple")

    assert await house.accounts.recognise_session(login.cookie) is None
    await house.accounts.login("Bob", "battery staple")
    with pytest.raises(BadToken):
        await users.reset_password(link, "yet another one")


async def test_of_two_who_use_a_link_at_once_one_is_refused(house: House) -> None:
    link = await house.accounts.users.reset_link(house.admin, house.bob.id)

    outcomes = await asyncio.gather(
        *(house.accounts.users.reset_password(link, f"password {number}") for number in range(5)),
        return_exceptions=True,
    )

    assert 4 == sum(isinstance(outcome, BadToken) for outcome in outcomes)


async def test_a_reset_link_is_good_for_a_day_and_for_one_user_alone(house: House) -> None:
    users = house.accounts.users
    link = await users.reset_link(house.admin, house.bob.id)
    house.clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(TokenExpired):
        await users.reset_password(link, "battery staple")

    login = await house.accounts.login("Bob", PASSWORD)
    for forged in ("", "x", login.cookie, users.setup_link()):
        with pytest.raises(BadToken):
            await users.reset_password(forged, "battery staple")


async def test_a_link_does_not_bring_a_disabled_user_back(house: House) -> None:
    link = await house.accounts.users.reset_link(house.admin, house.bob.id)
    await house.accounts.users.disable(house.admin, house.bob.id)

    with pytest.raises(BadToken):
        await house.accounts.users.reset_password(link, "battery staple")


async def test_a_user_without_password_comes_in_by_link_alone(house: House) -> None:
    eve = await house.accounts.users.create(house.admin, "eve")
    for guess in ("", PASSWORD):
        with pytest.raises(BadLogin):
            await house.accounts.login("eve", guess)

    await house.accounts.users.reset_password(
        await house.accounts.users.reset_link(house.admin, eve.id), "battery staple"
    )

    await house.accounts.login("eve", "battery staple")


async def test_a_setup_link_makes_the_first_user_once() -> None:
    accounts = empty(FakeClock())
    assert not await accounts.users.is_set_up()
    link = accounts.users.setup_link()

    outcomes = await asyncio.gather(
        *(accounts.users.set_up(link, f"user{number}", PASSWORD) for number in range(5)), return_exceptions=True
    )

    assert 4 == sum(isinstance(outcome, BadToken) for outcome in outcomes)
    (first,) = await accounts.users.page(SYSTEM)
    assert (await accounts.login(first.name, PASSWORD)).principal.may(Verb.ADMIN)
    await accounts.close()


async def test_a_setup_link_is_good_for_a_day() -> None:
    clock = FakeClock()
    accounts = empty(clock)
    link = accounts.users.setup_link()
    clock.advance(timedelta(days=1, seconds=1))

    with pytest.raises(TokenExpired):
        await accounts.users.set_up(link, "ada", PASSWORD)
    with pytest.raises(BadToken):
        await accounts.users.set_up("forged", "ada", PASSWORD)

    assert not await accounts.users.is_set_up()
    await accounts.close()


async def test_everybody_sees_and_ends_their_own_sessions(house: House) -> None:
    here, there = [await house.accounts.login("Bob", PASSWORD) for _ in range(2)]
    users = house.accounts.users

    assert {here.session.digest, there.session.digest} == {
        session.digest for session in await users.sessions(here.principal, house.bob.id)
    }
    await users.end_session(here.principal, house.bob.id, there.session.digest)
    assert await house.accounts.recognise_session(there.cookie) is None

    third = await house.accounts.login("Bob", PASSWORD)
    assert 1 == await users.end_sessions(here.principal, house.bob.id)
    assert await house.accounts.recognise_session(third.cookie) is None
    assert await house.accounts.recognise_session(here.cookie) is not None


async def test_nobody_ends_another_ones_session_as_their_own(house: House) -> None:
    ada = await house.accounts.login("Ada", PASSWORD)

    with pytest.raises(AccountNotFound):
        await house.accounts.users.end_session(house.viewer, house.bob.id, ada.session.digest)

    assert await house.accounts.recognise_session(ada.cookie) is not None
