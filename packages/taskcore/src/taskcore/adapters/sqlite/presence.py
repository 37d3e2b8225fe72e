"""The last words of workers, as ``taskcore.ports.presence`` tells it."""

from datetime import timedelta

from taskcore.adapters.sql.rows import LATEST, from_micros, micros
from taskcore.adapters.sqlite.session import Session
from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo

_SIGHT = "INSERT OR REPLACE INTO {p}_workers (id, info, seen_at) VALUES (?, ?, ?)"
_FORGET_SILENT = "DELETE FROM {p}_workers WHERE seen_at <= ?"
_FORGET = "DELETE FROM {p}_workers WHERE id = ?"
_ALL = "SELECT info, seen_at FROM {p}_workers ORDER BY id"


def sight(session: Session, worker: WorkerInfo, forget_after: timedelta) -> None:
    session.execute(_FORGET_SILENT, [session.now - min(micros(forget_after), LATEST)])
    session.execute(_SIGHT, [worker.id, worker.dump(), session.now])


def forget(session: Session, worker: WorkerId) -> bool:
    return session.execute(_FORGET, [worker]).rowcount == 1


def workers(session: Session) -> list[Sighting]:
    return [
        Sighting(worker=WorkerInfo.load(info), seen_at=from_micros(seen_at)) for info, seen_at in session.execute(_ALL)
    ]
