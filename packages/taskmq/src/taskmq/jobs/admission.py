"""What handlers are registered with that counts for all workers together: concurrency and rates."""

import logging
from collections.abc import Mapping, Sequence

from taskcore.engine.admission import Wait
from taskcore.engine.pacing import Pacing
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.ports import Notes
from taskcore.ratelimit import Rate

from taskmq.jobs.handlers import get_handler_options

logger = logging.getLogger("taskmq.worker")


class JobAdmission:
    """The engine's ``Admission``: rates are kept here, concurrency by the store, where jobs were put with the key of
    their handler. What cannot be kept is said once.

    Args:
        store: a backend of somebody else has nothing on which workers could agree, so that its rates are not kept.
    """

    def __init__(self, store: object) -> None:
        self._pacing = Pacing(store, _rate_of) if isinstance(store, Notes) else None
        self._said: set[str] = set()

    async def waits(self, tasks: Sequence[TaskRecord]) -> Mapping[TaskId, Wait]:
        limited = {name for name in {task.name for task in tasks} if get_handler_options(name).is_limited}
        concerned = [task for task in tasks if task.name in limited] if limited else []
        for task in concerned:
            self._look_at(task)
        return await self._pacing.waits(concerned) if concerned and self._pacing is not None else {}

    def _look_at(self, task: TaskRecord) -> None:
        options = get_handler_options(task.name)
        if options.concurrency is not None and task.concurrency_key is None:
            self._say(
                f"concurrency of {task.name}",
                f"job {task.id} counts for no limit: whoever put it had not registered its handler {task.name!r}, "
                f"which allows {options.concurrency} at a time; import the handler's module there, too",
            )
        if options.rate_limit is not None and self._pacing is None:
            self._say(
                f"rate of {task.name}",
                f"handler {task.name!r} begins as often as it likes: the backend cannot keep {options.rate_limit}",
            )

    def _say(self, about: str, text: str) -> None:
        if about not in self._said:
            self._said.add(about)
            logger.warning(text, extra={"event": "limit_not_kept"})


def _rate_of(name: str) -> Rate | None:
    return get_handler_options(name).rate_limit
