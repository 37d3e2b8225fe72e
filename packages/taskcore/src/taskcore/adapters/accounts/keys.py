"""What ``KeyStore`` does."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exc, insert, or_, select, true, update

from taskcore.adapters.accounts.rows import key_of, row_of_key
from taskcore.adapters.accounts.session import Session
from taskcore.auth.records import ApiKey, NewApiKey, check_page
from taskcore.auth.text import clean
from taskcore.clock import from_micros, to_micros
from taskcore.errors import InvalidInput

MICROSECOND = timedelta(microseconds=1)
AT_ONCE = 10_000
"""Values in one statement."""


async def add(session: Session, new: NewApiKey, replaces: str | None = None) -> ApiKey:
    now = await session.now()
    expires_at = None if new.lifetime is None else to_micros(from_micros(now) + new.lifetime)
    fresh = {"id": session.fresh_id(), "created_at": now, "expires_at": expires_at, "replaces": replaces}
    try:
        await session.change(insert(session.tables.keys).values(row_of_key(new) | fresh))
    except exc.DBAPIError as error:
        if session.errors.is_taken(error):
            raise InvalidInput("the digest of the key is taken; draw a new secret") from error
        raise
    return key_of(await session.first(select(session.tables.keys).where(session.tables.keys.c.id == fresh["id"])))


async def rotate(session: Session, key: str, new: NewApiKey, grace: timedelta) -> ApiKey | None:
    await session.wait_turn()
    table = session.tables.keys
    old = await session.first(select(table).where(table.c.id == clean(key), ~_is_over(session)))
    if old is None:
        return None
    added = await add(session, new, old.id)
    end = to_micros(added.created_at + grace)
    ends = end if old.expires_at is None else min(end, old.expires_at)
    await session.change(update(table).where(table.c.id == old.id).values(expires_at=ends))
    return added


async def get(session: Session, key: str) -> ApiKey | None:
    return await _one(session, session.tables.keys.c.id == clean(key))


async def find(session: Session, digest: str) -> ApiKey | None:
    return await _one(session, (session.tables.keys.c.digest == clean(digest)) & ~_is_over(session))


async def _one(session: Session, condition: ColumnElement[bool]) -> ApiKey | None:
    row = await session.first(select(session.tables.keys).where(condition))
    return None if row is None else key_of(row)


async def page(session: Session, owner: str | None, after: str | None, limit: int) -> list[ApiKey]:
    table = session.tables.keys
    statement = (
        select(table)
        .where(
            true() if owner is None else table.c.owner == clean(owner),
            true() if after is None else table.c.id < clean(after),
        )
        .order_by(table.c.id.desc())
        .limit(check_page(limit))
    )
    return [key_of(row) for row in await session.rows(statement)]


async def touch(session: Session, key: str, peer: str) -> None:
    table = session.tables.keys
    used = {"last_used_at": session.moment, "last_used_from": clean(peer)}
    await session.change(update(table).where(table.c.id == clean(key)).values(used))


async def revoke_one(session: Session, key: str) -> bool:
    return await revoke(session, session.tables.keys.c.id == clean(key)) == 1


async def revoke(session: Session, condition: ColumnElement[bool]) -> int:
    """End the keys that meet ``condition`` and are not revoked yet."""
    table = session.tables.keys
    return await session.change(
        update(table).where(condition, table.c.revoked_at.is_(None)).values(revoked_at=session.moment)
    )


async def prune(session: Session, older_than: timedelta, limit: int) -> int:
    await session.wait_turn()
    table = session.tables.keys
    before = session.moment - older_than // MICROSECOND
    old = select(table.c.id).where(or_(table.c.expires_at < before, table.c.revoked_at < before))
    ids = [row.id for row in await session.rows(old.order_by(table.c.id).limit(min(limit, AT_ONCE)))]
    return await session.change(delete(table).where(table.c.id.in_(ids)))


def _is_over(session: Session) -> ColumnElement[bool]:
    """Never NULL, which would be true of neither it nor its opposite."""
    table = session.tables.keys
    expired = table.c.expires_at.is_not(None) & (table.c.expires_at <= session.moment)
    return table.c.revoked_at.is_not(None) | expired
