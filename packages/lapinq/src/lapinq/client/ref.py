"""What an enqueue answers: a reference to the task, on which its end can be waited for."""

import asyncio
import json
import time
from collections.abc import Generator
from typing import Any, Generic, TypeVar
from uuid import UUID

import httpx

from lapinq.client.asking import checked
from lapinq.errors import TaskFailed

T = TypeVar("T")

API_PREFIX = "/api/v1"
OVER = frozenset({"completed", "failed", "cancelled", "expired"})
PATIENCE = 10.0
"""Seconds for one question to the server."""


class NothingToWaitFor(TimeoutError):
    """There is no task: the server refused it, its TTL is 0, or it was deleted. Waiting would never end."""


class TaskRef(Generic[T]):
    """A task that was handed to the server, if it took it: ``raise_for_status`` tells.

    Args:
        response: the server's answer to the enqueue.
        is_async: whether an ``AsyncTaskQueue`` made it; both kinds can be waited for either way.
    """

    def __init__(
        self,
        response: httpx.Response,
        server_url: str,
        api_key: str | None,
        is_async: bool = False,
        *,
        api_prefix: str = API_PREFIX,
    ) -> None:
        self.response = response
        self.is_async = is_async
        self._tasks_url = f"{server_url.rstrip('/')}{api_prefix}/tasks"
        self._headers = {} if api_key is None else {"X-API-Key": api_key}
        self._status: str | None = None

    @classmethod
    def known(
        cls, task_id: str | UUID, server_url: str, api_key: str | None, *, api_prefix: str = API_PREFIX
    ) -> "TaskRef[T]":
        """Of a task that was stored without this client, as by ``enqueue_in``: as if the server had just taken it."""
        request = httpx.Request("POST", f"{server_url.rstrip('/')}{api_prefix}/enqueue")
        taken = httpx.Response(201, json={"task_id": str(UUID(str(task_id)))}, request=request)
        return cls(taken, server_url, api_key, api_prefix=api_prefix)

    def __repr__(self) -> str:
        return f"TaskRef({self.task_id!r})"

    @property
    def status_code(self) -> int:
        return self.response.status_code

    @property
    def task_id(self) -> str | None:
        """None when the server did not take the task, and of one with a TTL of 0."""
        if self.status_code != 201:
            return None
        try:
            found = self.response.json()
        except ValueError:  # whoever answered was no lapinq
            return None
        return found.get("task_id") if isinstance(found, dict) else None

    def json(self) -> Any:
        """The body of the answer."""
        return self.response.json()

    def raise_for_status(self) -> "TaskRef[T]":
        """Itself, when the server took the task.

        Raises:
            httpx.HTTPStatusError: it did not; the message says why.
        """
        checked(self.response, "the task")
        return self

    def status(self) -> str | None:
        """The status that was seen last while waiting; None before."""
        return self._status

    def wait(self, timeout: float = 30, poll_interval: float = 0.5) -> dict[str, Any]:
        """Wait until the task is over, however it ended, and answer what the server says of it.

        A server that is away meanwhile is asked again.

        Args:
            timeout: seconds in all.

        Returns:
            ``id``, ``status``, ``result`` (JSON text), ``error`` and ``completed_at``; of a task that was cancelled or
            has expired ``status`` and ``error``.

        Raises:
            TimeoutError: it was not over in time.
            NothingToWaitFor: there is no task; a ``TimeoutError`` too.
            httpx.HTTPStatusError: the server does not let us ask.
        """
        url, until = self._result_url(), time.monotonic() + timeout
        while True:
            try:
                found = self._over(httpx.get(url, headers=self._headers, timeout=PATIENCE))
            except httpx.TransportError:
                found = None
            if found is not None:
                return found
            time.sleep(self._pause(until, poll_interval, timeout))

    async def awaitait(self, timeout: float = 30, poll_interval: float = 0.5) -> dict[str, Any]:
        """``wait``, in a coroutine; ``await ref`` is the same with its defaults."""
        url, until = self._result_url(), time.monotonic() + timeout
        async with httpx.AsyncClient(headers=self._headers, timeout=PATIENCE) as client:
            while True:
                try:
                    found = self._over(await client.get(url))
                except httpx.TransportError:
                    found = None
                if found is not None:
                    return found
                await asyncio.sleep(self._pause(until, poll_interval, timeout))

    def __await__(self) -> Generator[Any, None, dict[str, Any]]:
        return self.awaitait().__await__()

    def get(self, timeout: float = 30, poll_interval: float = 0.5) -> T:
        """Wait, and answer what the function returned, as JSON knows it.

        Raises:
            TaskFailed: it ended in another way. And as ``wait``.
        """
        return self._value(self.wait(timeout, poll_interval))

    async def aget(self, timeout: float = 30, poll_interval: float = 0.5) -> T:
        """``get``, in a coroutine."""
        return self._value(await self.awaitait(timeout, poll_interval))

    def _result_url(self) -> str:
        if self.task_id is None:
            raise NothingToWaitFor(f"no task was stored; the server answered {self.status_code}: {self.response.text}")
        return f"{self._tasks_url}/{self.task_id}/result"

    def _over(self, response: httpx.Response) -> dict[str, Any] | None:
        """What the server says of a task that is over."""
        if response.status_code in (400, 401, 403):
            response.raise_for_status()
        if response.status_code == 404 and "task not found" in response.text:
            raise NothingToWaitFor(f"task {self.task_id} is gone: somebody has deleted it, or its time to live is over")
        if response.status_code != 200:
            return None
        found: dict[str, Any] = response.json()
        self._status = found.get("status")
        return found if self._status in OVER else None

    def _pause(self, until: float, poll_interval: float, timeout: float) -> float:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"task {self.task_id} was not over within {timeout} seconds")
        return min(poll_interval, left)

    def _value(self, found: dict[str, Any]) -> T:
        if found["status"] != "completed":
            raise TaskFailed(str(self.task_id), found["status"], found.get("error"))
        value: T = json.loads(found["result"] or "null")
        return value
