"""What ``UserStore`` does."""

from sqlalchemy import ColumnElement, delete, exc, func, insert, select, true, update

from taskcore.adapters.accounts import keys
from taskcore.adapters.accounts.rows import row_of_change, row_of_user, user_of
from taskcore.adapters.accounts.session import Session
from taskcore.auth.permissions import ADMIN
from taskcore.auth.records import NewUser, User, UserChange, check_page
from taskcore.auth.text import MAX_HASH, check_hash, clean, fold
from taskcore.errors import LastAdmin, NameTaken


async def add(session: Session, new: NewUser) -> User:
    now = await session.now()
    row = {"id": session.fresh_id(), "created_at": now} | row_of_user(new)
    try:
        await session.change(insert(session.tables.users).values(row))
    except exc.DBAPIError as error:
        if session.errors.is_taken(error):
            raise NameTaken(new.name) from error
        raise
    user = await get(session, str(row["id"]))
    assert user is not None  # noqa: S101  # this transaction has stored it
    return user


async def add_first(session: Session, new: NewUser) -> User | None:
    await session.wait_turn()
    taken = await session.first(select(session.tables.users.c.id).limit(1))
    return None if taken is not None else await add(session, new)


async def get(session: Session, user: str) -> User | None:
    return await _one(session, session.tables.users.c.id == clean(user))


async def find(session: Session, name: str) -> User | None:
    return await _one(session, session.tables.users.c.folded == fold(name))


async def _one(session: Session, condition: ColumnElement[bool]) -> User | None:
    row = await session.first(select(session.tables.users).where(condition))
    return None if row is None else user_of(row)


async def page(session: Session, after: str | None, limit: int) -> list[User]:
    users = session.tables.users
    behind = true() if after is None else users.c.folded > fold(after)
    statement = select(users).where(behind).order_by(users.c.folded).limit(check_page(limit))
    return [user_of(row) for row in await session.rows(statement)]


async def change(
    session: Session, user: str, change: UserChange, *, keep_admin: bool, if_hash: str | None
) -> User | None:
    await session.wait_turn()
    before = await get(session, user)
    if before is None or if_hash not in (None, before.password_hash):
        return None
    stays = change.role in (None, ADMIN) and change.enabled is not False
    if keep_admin and not stays:
        await _keep_admin(session, before)
    row = row_of_change(change, await session.now())
    if row:
        await session.change(update(session.tables.users).where(session.tables.users.c.id == before.id).values(row))
    return await get(session, user)


async def rehash(session: Session, user: str, before: str, after: str) -> bool:
    check_hash(after)
    users = session.tables.users
    still = (users.c.id == clean(user)) & (users.c.password_hash == clean(before, MAX_HASH + 1))
    return await session.change(update(users).where(still).values(password_hash=after)) == 1


async def touch(session: Session, user: str) -> None:
    users = session.tables.users
    await session.change(update(users).where(users.c.id == clean(user)).values(last_login_at=session.moment))


async def remove(session: Session, user: str, *, keep_admin: bool) -> bool:
    await session.wait_turn()
    present = await get(session, user)
    if present is None:
        return False
    if keep_admin:
        await _keep_admin(session, present)
    sessions, users = session.tables.sessions, session.tables.users
    await session.change(delete(sessions).where(sessions.c.user_id == present.id))
    await keys.revoke(session, session.tables.keys.c.owner == present.id)
    await session.change(delete(users).where(users.c.id == present.id))
    return True


async def _keep_admin(session: Session, leaving: User) -> None:
    if not leaving.is_admin:
        return
    users = session.tables.users
    others = (users.c.role == ADMIN) & (users.c.enabled == true()) & (users.c.id != leaving.id)
    if (await session.first(select(func.count()).select_from(users).where(others)))[0] == 0:
        raise LastAdmin(leaving.name)
