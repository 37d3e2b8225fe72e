"""A task queue whose only infrastructure is PostgreSQL, on the engine and the stores of ``taskcore``."""

from importlib.metadata import version

from lapinq.client import AsyncTaskQueue, TaskQueue, TaskRef
from lapinq.current import CurrentTask, current_task
from lapinq.errors import RetryError, TaskFailed

__all__ = ["AsyncTaskQueue", "CurrentTask", "RetryError", "TaskFailed", "TaskQueue", "TaskRef", "current_task"]

__version__ = version("lapinq")
