"""Named leases with epochs, as ``taskcore.ports.leadership`` tells it."""

from datetime import timedelta

from sqlalchemy import insert, select, update

from taskcore.adapters.sql.rows import later
from taskcore.adapters.sql.session import Session
from taskcore.clock import from_micros
from taskcore.lease import Leadership


async def campaign(session: Session, name: str, holder: str, lease_for: timedelta) -> Leadership:
    table, now = session.schema.leaders, await session.now()
    c, until = table.c, later(now, lease_for)
    held = await session.first(select(c.holder, c.epoch, c.until).where(c.name == name).with_for_update())
    if held is None:
        await session.change(insert(table).values(name=name, holder=holder, epoch=1, until=until))
        return Leadership(name=name, holder=holder, epoch=1, until=from_micros(until))
    if held.holder != holder and held.until > now:
        return Leadership(name=name, holder=held.holder, epoch=held.epoch, until=from_micros(held.until))
    epoch = held.epoch + (held.holder != holder)
    await session.change(update(table).where(c.name == name).values(holder=holder, epoch=epoch, until=until))
    return Leadership(name=name, holder=holder, epoch=epoch, until=from_micros(until))


async def resign(session: Session, held: Leadership) -> None:
    # The row stays, so that its epoch goes on. Nobody's name is empty.
    table = session.schema.leaders
    still = (table.c.name == held.name, table.c.holder == held.holder, table.c.epoch == held.epoch)
    await session.change(update(table).where(*still).values(holder="", until=await session.now()))
