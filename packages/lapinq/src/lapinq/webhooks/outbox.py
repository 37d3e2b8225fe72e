"""From the end of a task to a delivery.

The commit that ends a task notes it in ``lapinq_webhooks_due``, whoever makes it: a worker, a sweep, a cancellation.
One more commit takes notes away and puts deliveries instead, so that none is lost and none is doubled, whenever a
process dies.
"""

# ruff: noqa: S608 - statements are put together from constants alone
import json
from collections.abc import Mapping, Sequence
from typing import Any

from taskcore.ids import TaskId
from taskcore.models import TaskError, TaskSpec
from taskcore.states import TaskState

from lapinq import documents, wiring
from lapinq.schema.names import HOOKS, WEBHOOKS_DUE
from lapinq.tables import Tables
from lapinq.vocabulary import STATUS, error_text, plain_result, terms_of

NAME = "webhook"
"""What deliveries are called among the core's tasks."""
AT_A_TIME = 200

_TAKE = f"""
DELETE FROM {WEBHOOKS_DUE} WHERE id IN (
    SELECT id FROM {WEBHOOKS_DUE} ORDER BY id LIMIT {AT_A_TIME} FOR UPDATE SKIP LOCKED)
RETURNING id, task, state, result, error, meta, queue"""

_OF_TASK = f"""
SELECT id FROM {HOOKS}_tasks WHERE idempotency_key >= $1 || ':' AND idempotency_key < $1 || ';' ORDER BY id LIMIT 100"""


class Outbox:
    """What webhooks ask of the database.

    Args:
        deliveries: the store of deliveries.
    """

    def __init__(self, tables: Tables, deliveries: wiring.Store) -> None:
        self._tables, self._deliveries = tables, deliveries

    async def tick(self) -> int:
        """Turn every note into a delivery; answers how many that were."""
        moved = 0
        while some := await self._move():
            moved += some
        return moved

    async def _move(self) -> int:
        async with self._tables.transaction() as connection:
            rows = await connection.fetch(_TAKE)
            if rows:
                await self._deliveries.put_within(connection, [delivery_of(row) for row in rows])
            return len(rows)

    async def of_task(self, task: TaskId) -> Sequence[TaskId]:
        """The deliveries about a task, first to last."""
        async with self._tables.transaction() as connection:
            return [TaskId(id_) for (id_,) in await connection.fetch(_OF_TASK, task)]


def delivery_of(row: Mapping[str, Any]) -> TaskSpec:
    """The delivery that tells of a task's end. Its body is fixed from now on, whatever becomes of the task."""
    terms, state = terms_of(row["meta"]), TaskState(row["state"])
    error = None if row["error"] is None else TaskError.load(row["error"])
    message = {
        "task_id": str(terms.id or row["task"]),
        "status": STATUS[state],
        "result": plain_result(row["result"]) if state is TaskState.SUCCEEDED else None,
        "error": None if state is TaskState.SUCCEEDED else error_text(state, error),
    }
    payload = {"url": terms.webhook_url, "body": json.dumps(message, ensure_ascii=False)}
    known = {"endpoint": endpoint_of(str(terms.webhook_url)), "queue": row["queue"]}
    return TaskSpec(
        name=NAME,
        payload=json.dumps(payload, ensure_ascii=False),
        idempotency_key=f"{row['task']}:{row['id']}",
        meta=json.dumps({name: value for name, value in known.items() if value is not None}, ensure_ascii=False),
    )


def endpoint_of(url: str) -> str:
    """What stands for a receiver: the URL without its query, which may hold what nobody else should see."""
    return url.partition("#")[0].partition("?")[0]


def url_of(payload: str) -> str:
    """Where a delivery goes."""
    return str(documents.load(payload)["url"])


def body_of(payload: str) -> bytes:
    """What a delivery says."""
    return str(documents.load(payload)["body"]).encode()
