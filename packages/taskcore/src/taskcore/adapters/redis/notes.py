"""Short texts by name, as ``taskcore.ports.Notes`` tells it."""

from datetime import timedelta

from taskcore.adapters.redis.records import load_micros, micros
from taskcore.adapters.redis.session import Session
from taskcore.models import Note


async def read(session: Session, name: str) -> Note:
    now, text = await session.run("read_note", name)
    return Note(text, load_micros(now))


async def swap(session: Session, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
    known = [] if old is None else [old]
    return bool(await session.run("swap_note", name, new, micros(keep_for), *known))
