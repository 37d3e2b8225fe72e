"""Waiting for the end of a job, with no thread: a look now and then, seldom after a while."""

import asyncio
from collections.abc import Awaitable, Callable

from taskcore.models import TaskRecord
from taskcore.ports import TaskReader
from taskcore.states import AT_REST

from taskmq.vocabulary import task_id

LONGEST = 60
"""Seconds that a request may wait."""
_PAUSES = (0.02, 0.5)
"""Seconds between two looks, at first and at last."""


async def ended(
    store: TaskReader, job_id: int, patience: float, is_gone: Callable[[], Awaitable[bool]]
) -> TaskRecord | None:
    """The job once it is over, or as it is after ``patience`` seconds, or once its client ``is_gone``; None when there
    is none."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + patience, _PAUSES[0]
    while True:
        record = await store.get(task_id(job_id))
        left = deadline - loop.time()
        if record is None or record.state in AT_REST or left <= 0 or await is_gone():
            return record
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.3, _PAUSES[1])
