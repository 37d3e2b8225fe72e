"""Named leases with epochs, as ``taskcore.ports.leadership`` tells it."""

from datetime import timedelta

from taskcore.adapters.sql.rows import later
from taskcore.adapters.sqlite.session import Session
from taskcore.clock import from_micros
from taskcore.lease import Leadership

# The row stays when the lease is given back, so that its epoch goes on. Nobody's name is empty.
_CAMPAIGN = """
INSERT INTO {p}_leaders AS held (name, holder, epoch, until) VALUES (?1, ?2, 1, ?3)
ON CONFLICT (name) DO UPDATE SET until = excluded.until, holder = excluded.holder,
    epoch = held.epoch + (held.holder <> excluded.holder)
WHERE held.holder = excluded.holder OR held.until <= ?4"""
_HOLDER = "SELECT holder, epoch, until FROM {p}_leaders WHERE name = ?"
_RESIGN = "UPDATE {p}_leaders SET holder = '', until = ? WHERE name = ? AND holder = ? AND epoch = ?"


def campaign(session: Session, name: str, holder: str, lease_for: timedelta) -> Leadership:
    session.execute(_CAMPAIGN, [name, holder, later(session.now, lease_for), session.now])
    present, epoch, until = session.execute(_HOLDER, [name]).fetchone()
    return Leadership(name=name, holder=present, epoch=epoch, until=from_micros(until))


def resign(session: Session, held: Leadership) -> None:
    session.execute(_RESIGN, [session.now, held.name, held.holder, held.epoch])
