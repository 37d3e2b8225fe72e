"""Clients of the server: they declare functions as tasks, enqueue them over HTTP, and wait for their results."""

from lapinq.client.async_queue import AsyncTaskQueue
from lapinq.client.queue import TaskQueue
from lapinq.client.ref import NothingToWaitFor, TaskRef

__all__ = ["AsyncTaskQueue", "NothingToWaitFor", "TaskQueue", "TaskRef"]
