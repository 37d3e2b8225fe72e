"""Named leases with epochs, as ``taskcore.ports.leadership`` tells it."""

from datetime import timedelta

from taskcore.adapters.redis.records import load_micros, micros
from taskcore.adapters.redis.session import Session
from taskcore.lease import Leadership


async def campaign(session: Session, name: str, holder: str, lease_for: timedelta) -> Leadership:
    present, epoch, until = await session.run("campaign", name, holder, micros(lease_for))
    return Leadership(name=name, holder=present, epoch=int(epoch), until=load_micros(until))


async def resign(session: Session, held: Leadership) -> None:
    await session.run("resign", held.name, held.holder, held.epoch)
