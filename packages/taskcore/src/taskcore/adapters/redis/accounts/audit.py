"""What ``AuditLog`` does."""

from datetime import datetime, timedelta

from taskcore.adapters.redis.accounts.records import dump_entry, entry_of, micros
from taskcore.adapters.redis.session import Session
from taskcore.auth.records import AuditEntry, AuditQuery, NewAuditEntry
from taskcore.clock import to_micros

_AT_ONCE = 1_000
"""Entries that one script removes: meanwhile the server answers nobody else."""


async def add(session: Session, new: NewAuditEntry, kept: int) -> AuditEntry:
    document = dump_entry(new)
    entry = await session.run("accounts/add_entry", document, kept)
    return entry_of(entry, document)


async def page(session: Session, query: AuditQuery) -> list[AuditEntry]:
    wanted = (("actor", query.actor), ("action", query.action), ("target", query.target))
    lists = ["log", *(f"log:{name}:{text}" for name, text in wanted if text is not None)]
    above = "-" if query.since is None else f"[{_bound(query.since)}"
    ends = [query.after, None if query.until is None else _bound(query.until)]
    below = min((f"({end}" for end in ends if end is not None), default="+")
    found: list[AuditEntry] = []
    while below and len(found) < query.limit:
        below, entries = await session.run("accounts/entries", query.limit - len(found), above, below, *lists)
        found += [entry_of(entry, document) for entry, document in entries]
    return found


def _bound(at: datetime) -> str:
    """What the ids of this instant begin with."""
    return f"{to_micros(at):016d}"


async def prune(session: Session, older_than: timedelta, limit: int) -> int:
    removed = 0
    while removed < limit:
        now = int(await session.run("accounts/prune_entries", micros(older_than), min(_AT_ONCE, limit - removed)))
        removed += now
        if now < _AT_ONCE:
            break
    return removed
