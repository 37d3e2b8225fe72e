"""What ``SessionStore`` does."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exc, insert, select, true, update

from taskcore.adapters.accounts import users
from taskcore.adapters.accounts.rows import session_of
from taskcore.adapters.accounts.session import Session
from taskcore.auth.records import NewSession
from taskcore.auth.records import Session as Record
from taskcore.auth.text import clean
from taskcore.clock import from_micros, to_micros
from taskcore.errors import InvalidInput

MICROSECOND = timedelta(microseconds=1)
AT_ONCE = 10_000
"""Values in one statement."""


async def add(session: Session, new: NewSession, if_hash: str | None) -> Record | None:
    await session.wait_turn()
    user = await users.get(session, new.user)
    if user is None or not user.enabled or if_hash not in (None, user.password_hash):
        return None
    now = await session.now()
    row = {
        "digest": new.digest,
        "user_id": new.user,
        "created_at": now,
        "seen_at": now,
        "expires_at": to_micros(from_micros(now) + new.lifetime),
        "peer": new.peer,
        "user_agent": new.user_agent,
    }
    table = session.tables.sessions
    try:
        await session.change(insert(table).values(row))
    except exc.DBAPIError as error:
        if session.errors.is_taken(error):
            raise InvalidInput("the digest of the session is taken; draw a new secret") from error
        raise
    return session_of(await session.first(select(table).where(table.c.digest == new.digest)))


async def find(session: Session, digest: str, idle: timedelta) -> Record | None:
    table = session.tables.sessions
    row = await session.first(select(table).where(table.c.digest == clean(digest), ~_is_over(session, idle)))
    return None if row is None else session_of(row)


async def touch(session: Session, digest: str) -> None:
    table = session.tables.sessions
    await session.change(update(table).where(table.c.digest == clean(digest)).values(seen_at=session.moment))


async def of(session: Session, user: str) -> list[Record]:
    table = session.tables.sessions
    statement = (
        select(table)
        .where(table.c.user_id == clean(user), table.c.expires_at > session.moment)
        .order_by(table.c.created_at.desc(), table.c.digest.desc())
    )
    return [session_of(row) for row in await session.rows(statement)]


async def remove(session: Session, digest: str) -> bool:
    table = session.tables.sessions
    return await session.change(delete(table).where(table.c.digest == clean(digest))) == 1


async def remove_all(session: Session, user: str, keep: str | None) -> int:
    table = session.tables.sessions
    others = true() if keep is None else table.c.digest != clean(keep)
    return await session.change(delete(table).where(table.c.user_id == clean(user), others))


async def prune(session: Session, idle: timedelta, limit: int) -> int:
    await session.wait_turn()
    table = session.tables.sessions
    over = [
        row.digest
        for row in await session.rows(select(table.c.digest).where(_is_over(session, idle)).limit(min(limit, AT_ONCE)))
    ]
    return await session.change(delete(table).where(table.c.digest.in_(over)))


def _is_over(session: Session, idle: timedelta) -> ColumnElement[bool]:
    table, moment = session.tables.sessions, session.moment
    return (table.c.expires_at <= moment) | (table.c.seen_at < moment - idle // MICROSECOND)
