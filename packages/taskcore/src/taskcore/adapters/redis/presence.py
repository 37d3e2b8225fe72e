"""The last words of workers, as ``taskcore.ports.presence`` tells it."""

from datetime import timedelta

from taskcore.adapters.redis.records import load_micros, micros
from taskcore.adapters.redis.session import Session
from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo


async def sight(session: Session, worker: WorkerInfo, forget_after: timedelta) -> None:
    await session.run("sight", worker.id, worker.dump(), micros(forget_after))


async def forget(session: Session, worker: WorkerId) -> bool:
    return bool(await session.run("forget", worker))


async def workers(session: Session) -> list[Sighting]:
    values = await session.run("workers")
    seen = [
        Sighting(worker=WorkerInfo.load(info), seen_at=load_micros(at))
        for info, at in zip(values[::2], values[1::2], strict=True)
    ]
    return sorted(seen, key=lambda sighting: sighting.worker.id)
