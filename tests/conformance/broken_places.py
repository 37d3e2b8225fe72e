"""More broken stores: these break what ``Rearranging`` promises."""

from dataclasses import replace
from datetime import datetime

from taskcore.adapters.memory.ready import ReadyQueues
from taskcore.adapters.memory.tasks import Tasks
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.states import TaskState


class MovedTasksStayBehind(ReadyQueues):
    """Hands out a task from the queue that it was put in, wherever it waits now."""

    def _pending(self, task: TaskId, run_at: datetime, queue: str) -> TaskRecord | None:
        record = self._find(task)
        return record if record is not None and record.state is TaskState.PENDING else None


class MovesWhatRuns(Tasks):
    """Looks at no state."""

    def _move(self, task: TaskId, queue: str) -> bool:
        record = self._records.tasks.get(task)
        if record is not None:
            self._records.save(replace(record, queue=queue))
        return record is not None


class KeysInUseAreReleased(Tasks):
    """Releases the key of a task that still runs."""

    def _release_key(self, task: TaskId) -> bool:
        record = self._records.tasks.get(task)
        if record is not None and record.idempotency_key is not None:
            self._records.release_key(record)
            return True
        return False
