"""What ``AuditLog`` does."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select

from taskcore.adapters.accounts.rows import entry_of
from taskcore.adapters.accounts.session import Session
from taskcore.auth.records import AuditEntry, AuditQuery, NewAuditEntry
from taskcore.clock import from_micros, to_micros

MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 1_000
"""Ids in one statement."""


async def add(session: Session, new: NewAuditEntry) -> AuditEntry:
    now = await session.now()
    fields = {name: getattr(new, name) for name in new.__slots__}
    entry = AuditEntry(id=session.fresh_id(), at=from_micros(now), **fields)
    await session.change(insert(session.tables.entries).values(fields | {"id": entry.id, "at": now}))
    return entry


async def page(session: Session, query: AuditQuery) -> list[AuditEntry]:
    table = session.tables.entries
    statement = select(table).where(*_conditions(session, query)).order_by(table.c.id.desc()).limit(query.limit)
    return [entry_of(row) for row in await session.rows(statement)]


def _conditions(session: Session, query: AuditQuery) -> Iterator[ColumnElement[bool]]:
    c = session.tables.entries.c
    for name in ("actor", "action", "target"):
        if (wanted := getattr(query, name)) is not None:
            yield c[name] == wanted
    if query.since is not None:
        yield c.at >= to_micros(query.since)
    if query.until is not None:
        yield c.at < to_micros(query.until)
    if query.after is not None:
        yield c.id < query.after


async def prune(session: Session, older_than: timedelta, limit: int) -> int:
    await session.wait_turn()
    table = session.tables.entries
    old = table.c.at < session.moment - older_than // MICROSECOND
    removed = 0
    while removed < limit:
        oldest = select(table.c.id).where(old).order_by(table.c.at, table.c.id).limit(min(_AT_ONCE, limit - removed))
        ids = [row.id for row in await session.rows(oldest)]
        if not ids:
            break
        removed += await session.change(delete(table).where(table.c.id.in_(ids)))
    return removed
