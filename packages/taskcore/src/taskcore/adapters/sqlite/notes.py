"""Short texts by name, as ``taskcore.ports.Notes`` tells it."""

from datetime import timedelta

from taskcore.adapters.sql.rows import later
from taskcore.adapters.sqlite.session import Session
from taskcore.clock import from_micros
from taskcore.models import Note

_READ = "SELECT text FROM {p}_notes WHERE name = ? AND until > ?"
_WRITE = """
INSERT INTO {p}_notes (name, text, until) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET text = excluded.text, until = excluded.until"""
_SWEEP = "DELETE FROM {p}_notes WHERE until <= ?"


def read(session: Session, name: str) -> Note:
    return Note(session.one(_READ, [name, session.now]), from_micros(session.now))


def swap(session: Session, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
    """Nobody else writes between the statements: the transaction has begun as one that writes."""
    if read(session, name).text != old:
        return False
    session.execute(_SWEEP, [session.now])
    session.execute(_WRITE, [name, new, later(session.now, keep_for)])
    return True
