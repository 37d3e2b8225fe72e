"""Counts by minute and hour, as ``taskcore.ports.statistics`` tells it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from taskcore.adapters.sql.rows import LATEST, from_micros, micros
from taskcore.adapters.sqlite.session import Session
from taskcore.clock import to_micros
from taskcore.models import TimedCount

# The condition only tells SQLite that ON belongs to the conflict and to no join.
_ADD = """
INSERT INTO {p}_statistics AS s (span, at, queue, name, what, count) SELECT * FROM (VALUES {rows}) WHERE 1
ON CONFLICT (span, at, queue, name, what) DO UPDATE SET count = s.count + excluded.count"""
_READ = """
SELECT at, queue, name, what, count FROM {p}_statistics
WHERE span = ?1 AND at >= ?2 AND at < ?3 AND (?4 IS NULL OR queue = ?4) AND (?5 IS NULL OR name = ?5)
ORDER BY at, queue, name, what"""
_PRUNE = "DELETE FROM {p}_statistics WHERE span = ? AND at < ?"


def add(session: Session, counts: Sequence[TimedCount]) -> None:
    session.execute_rows(
        _ADD,
        [(micros(each.span), to_micros(each.at), each.queue, each.name, each.what, each.count) for each in counts],
    )


def read(
    session: Session, span: timedelta, since: datetime, until: datetime, queue: str | None, name: str | None
) -> list[TimedCount]:
    rows = session.execute(_READ, [micros(span), to_micros(since), to_micros(until), queue, name])
    return [
        TimedCount(at=from_micros(at), span=span, queue=queue_, name=name_, what=what, count=count)
        for at, queue_, name_, what, count in rows
    ]


def prune(session: Session, span: timedelta, older_than: timedelta) -> int:
    before = session.now - min(micros(older_than), LATEST)
    return session.execute(_PRUNE, [micros(span), before]).rowcount
