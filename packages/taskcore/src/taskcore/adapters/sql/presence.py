"""The last words of workers, as ``taskcore.ports.presence`` tells it."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.mysql import insert

from taskcore.adapters.sql.rows import LATEST, from_micros, micros
from taskcore.adapters.sql.session import Session
from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo


async def sight(session: Session, worker: WorkerInfo, forget_after: timedelta) -> None:
    """Rows of others are locked first and in their order, if nobody else holds them."""
    table, now = session.schema.workers, await session.now()
    c, text = table.c, worker.dump()
    session.check_size(text)
    silent = select(c.id).where(c.seen_at <= now - min(micros(forget_after), LATEST)).order_by(c.id)
    gone = [row.id for row in await session.rows(silent.with_for_update(skip_locked=True))]
    if gone:
        await session.change(delete(table).where(c.id.in_(gone)))
    put = insert(table).values(id=worker.id, info=text, seen_at=now)
    await session.change(put.on_duplicate_key_update(info=text, seen_at=now))


async def forget(session: Session, worker: WorkerId) -> bool:
    table = session.schema.workers
    return await session.change(delete(table).where(table.c.id == worker)) == 1


async def workers(session: Session) -> list[Sighting]:
    c = session.schema.workers.c
    rows = await session.rows(select(c.info, c.seen_at).order_by(c.id))
    return [Sighting(worker=WorkerInfo.load(row.info), seen_at=from_micros(row.seen_at)) for row in rows]
