"""What becomes of a task when an execution of it is over."""

from dataclasses import replace
from functools import lru_cache

from taskcore.engine.execution.run import Run
from taskcore.engine.policy import RetryingPolicy, retry_in_force
from taskcore.errors import TaskTimeout
from taskcore.models import Settlement, TaskError, TaskRecord
from taskcore.retry import RetryPolicy

from lapinq.vocabulary import TIMED_OUT, max_executions


class TaskPolicy:
    """A failure follows the task's own retry terms. An execution whose worker died counts like one that failed: after
    ``max_retries`` of both together the task has failed."""

    def __init__(self) -> None:
        self._judge = RetryingPolicy(retry_for=_left)

    def ended(self, run: Run) -> Settlement:
        settled = self._judge.ended(run)
        if settled.error is not None and isinstance(run.context.stopped_by, TaskTimeout):
            return replace(settled, error=TaskError(settled.error.type, TIMED_OUT, settled.error.traceback))
        return settled

    def lost(self, task: TaskRecord) -> Settlement:
        return _losses(max_executions(task) - task.failures).lost(task)


def _left(run: Run) -> RetryPolicy:
    """The terms in force, less the executions whose worker died."""
    policy, losses = retry_in_force(run), run.context.task.losses
    return replace(policy, max_attempts=max(1, policy.max_attempts - losses)) if losses else policy


@lru_cache(maxsize=64)
def _losses(most: int) -> RetryingPolicy:
    return RetryingPolicy(max_losses=most)
