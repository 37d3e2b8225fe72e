"""What ``TaskUpkeep`` does: find and end what nobody looks after any more."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Sequence
from datetime import timedelta

from taskcore.adapters.postgres.counting import WAITING, changed, fewer, more
from taskcore.adapters.postgres.database import Database, Runner
from taskcore.adapters.postgres.ending import OVERDUE_BACK, OVERDUE_REST
from taskcore.adapters.postgres.statements import CLOCK, HELD_RECORDS
from taskcore.adapters.postgres.tasks import deleted
from taskcore.adapters.postgres.work import settle
from taskcore.adapters.sql.rows import LATEST, micros, task_of
from taskcore.ids import TaskId
from taskcore.models import Settlement, TaskRecord
from taskcore.states import AT_REST, TaskState

# Without an index on what every renewal changes: there are as many leases as handlers run, no more.
_OVERDUE = f"""
WITH {CLOCK} {HELD_RECORDS}
WHERE l.lease_until <= (SELECT now FROM clock) ORDER BY l.lease_until, l.task LIMIT $2"""

_EXPIRE = f"""
WITH {CLOCK}, past AS MATERIALIZED (
    SELECT id, queue, attempt FROM {{p}}_tasks
    WHERE expires_at IS NOT NULL AND ready IS NOT NULL AND expires_at <= (SELECT now FROM clock)
    ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED),
counted AS ({changed(fewer(WAITING, "past"), more("'expired'", "past"))})
UPDATE {{p}}_tasks AS t SET state = 'expired', rare = 'expired', ready = NULL, finished_at = now
FROM past, clock WHERE t.id = past.id
RETURNING t.id"""


# No index follows ``finished_at``, or every success would have to maintain it. What has finished long ago was created
# even earlier, so a block index on that skips most of the table, and pages come about as old as their tasks are: among
# the first 10,000 that fit, the oldest go. One that was replayed meanwhile, and has finished again, is young.
def _prune(column: str) -> str:
    return deleted(f"""
    SELECT t.id FROM {{p}}_tasks AS t JOIN (
        SELECT id FROM (
            SELECT id, finished_at FROM {{p}}_tasks
            WHERE created_at < (SELECT now FROM clock) - $3::bigint
                AND finished_at < (SELECT now FROM clock) - $3::bigint AND {column} = ANY($2::text[])
            LIMIT greatest(10000, $4)) AS fitting
        ORDER BY finished_at, id LIMIT $4) AS oldest
    ON oldest.id = t.id
    WHERE t.{column} = ANY($2::text[]) AND t.finished_at < (SELECT now FROM clock) - $3::bigint
    FOR UPDATE OF t SKIP LOCKED""")


PRUNE, PRUNE_RARE = _prune("state"), _prune("rare")
"""The second one has an index on what it removes, so that it passes over no successes that are kept for longer."""


async def overdue(runner: Runner, limit: int) -> list[TaskRecord]:
    return [task_of(row) for row in await runner.fetch(_OVERDUE, runner.now, max(0, limit))]


async def recover(database: Database, settlements: Sequence[Settlement]) -> list[bool]:
    return await settle(database, settlements, (OVERDUE_BACK, OVERDUE_REST))


async def expire(runner: Runner, limit: int) -> list[TaskId]:
    return [TaskId(task) for (task,) in await runner.fetch(_EXPIRE, runner.now, max(0, limit))]


async def prune(database: Database, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
    chosen = [state.value for state in states & AT_REST]
    statement = PRUNE if TaskState.SUCCEEDED in states else PRUNE_RARE
    age = min(micros(older_than), LATEST)
    ((count,),) = await database.allowing("enable_bitmapscan", statement, database.now, chosen, age, max(0, limit))
    return int(count)
