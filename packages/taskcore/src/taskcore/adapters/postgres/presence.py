"""The last words of workers, as ``taskcore.ports.presence`` tells it."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from datetime import timedelta

from taskcore.adapters.postgres.database import Runner
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.sql.rows import LATEST, from_micros, micros
from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo

# One's own row comes first, and those of others only if nobody holds them: two that come back after a long silence
# would forget each other, and wait for each other.
_SIGHT = f"""
WITH {CLOCK}, sighted AS (
    INSERT INTO {{p}}_workers (id, info, seen_at) SELECT $2, $3, now FROM clock
    ON CONFLICT (id) DO UPDATE SET info = excluded.info, seen_at = excluded.seen_at
    RETURNING id),
silent AS MATERIALIZED (
    SELECT id FROM {{p}}_workers
    WHERE (SELECT count(*) FROM sighted) > 0 AND id <> $2 AND seen_at <= (SELECT now FROM clock) - $4::bigint
    FOR UPDATE SKIP LOCKED)
DELETE FROM {{p}}_workers AS w USING silent AS s WHERE w.id = s.id"""

_FORGET = "DELETE FROM {p}_workers WHERE id = $1 RETURNING id"
_ALL = "SELECT info, seen_at FROM {p}_workers ORDER BY id"


async def sight(runner: Runner, worker: WorkerInfo, forget_after: timedelta) -> None:
    await runner.fetch(_SIGHT, runner.now, worker.id, worker.dump(), min(micros(forget_after), LATEST))


async def forget(runner: Runner, worker: WorkerId) -> bool:
    return bool(await runner.fetch(_FORGET, worker))


async def workers(runner: Runner) -> list[Sighting]:
    return [
        Sighting(worker=WorkerInfo.load(info), seen_at=from_micros(seen_at))
        for info, seen_at in await runner.fetch(_ALL)
    ]
