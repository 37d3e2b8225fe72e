"""What ``QueueControls`` does. Claims read the table in their own statement, so a change holds from the next one on."""

from taskcore.adapters.postgres.database import Runner
from taskcore.models import QueueControl

_SET = """
INSERT INTO {p}_queues AS q (name, paused, concurrency) VALUES ($1, coalesce($2, false), $3)
ON CONFLICT (name) DO UPDATE SET
    paused = coalesce($2, q.paused), concurrency = CASE WHEN $4 THEN excluded.concurrency ELSE q.concurrency END
RETURNING pg_notify('{p}_work', '')"""
_ALL = "SELECT name, paused, concurrency FROM {p}_queues WHERE paused OR concurrency IS NOT NULL ORDER BY name"


async def pause(runner: Runner, queue: str, paused: bool) -> None:
    control = QueueControl(queue=queue)
    await runner.fetch(_SET, control.queue, paused, None, False)


async def limit(runner: Runner, queue: str, concurrency: int | None) -> None:
    control = QueueControl(queue=queue, concurrency=concurrency)
    await runner.fetch(_SET, control.queue, None, control.concurrency, True)


async def controls(runner: Runner) -> list[QueueControl]:
    return [
        QueueControl(queue=queue, paused=paused, concurrency=concurrency)
        for queue, paused, concurrency in await runner.fetch(_ALL)
    ]
