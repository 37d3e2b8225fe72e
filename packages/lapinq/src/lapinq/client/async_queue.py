"""The client for programs with an event loop; ``lapinq.client.queue`` is its twin."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, ParamSpec, Protocol, Self, TypeVar, Unpack, overload
from uuid import UUID

import httpx

from lapinq.client import asking
from lapinq.client.asking import Document, Question
from lapinq.client.order import ClientOrder, Declared, Options, declare, options_of
from lapinq.client.ref import API_PREFIX, TaskRef

P = ParamSpec("P")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class AsyncEnqueuer(Generic[P, T]):
    """Enqueues calls of one function."""

    def __init__(self, client: "AsyncTaskQueue", order: ClientOrder) -> None:
        self._client, self._order = client, order

    async def aqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskRef[T]:
        """Enqueue a call with these arguments. The answer tells whether the server took it.

        Raises:
            httpx.TransportError: the server cannot be reached.
            TypeError, ValueError: an argument is no JSON.
        """
        return await self._client._enqueue(self._order, args, kwargs)

    def order(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """What ``aqueue`` would send, for ``batch_enqueue`` and ``lapinq.storage.Storage.enqueue_within``."""
        return self._order.body(args, kwargs)

    def options(self, **changes: Unpack[Options]) -> "AsyncEnqueuer[P, T]":
        """The same function, with other terms than those of its declaration.

        Raises:
            TypeError: there is no such option.
        """
        return AsyncEnqueuer(self._client, replace(self._order, **options_of(**changes)))


class AsyncTask(Protocol[P, R_co, T]):
    """A function that was declared as a task: still itself, with these attributes."""

    task_name: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    async def aqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskRef[T]:
        """As ``AsyncEnqueuer.aqueue``."""
        ...

    def order(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """As ``AsyncEnqueuer.order``."""
        ...

    def options(self, **changes: Unpack[Options]) -> AsyncEnqueuer[P, T]:
        """As ``AsyncEnqueuer.options``."""
        ...


class Decorator(Protocol):
    """What ``@queue.task(...)`` applies."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, T]], /) -> AsyncTask[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def __call__(self, function: Callable[P, T], /) -> AsyncTask[P, T, T]: ...


class AsyncTaskQueue:
    """Declares functions as tasks, and enqueues them at a lapinq server; from any event loop.

    Args:
        server_url: where it is, without the API's prefix.
        queue_name: of tasks that name none.
        timeout: seconds for one request.
        default_ttl_seconds: of tasks that name none; None is for ever.
        api_prefix: as the server's ``LAPINQ_API_PREFIX``.
    """

    def __init__(
        self,
        server_url: str = "http://127.0.0.1:8001",
        queue_name: str = "default",
        timeout: float = 30.0,
        api_key: str | None = None,
        default_ttl_seconds: float | None = None,
        *,
        api_prefix: str = API_PREFIX,
    ) -> None:
        self.server_url = server_url.rstrip("/")
        self.queue_name = queue_name
        self.timeout = timeout
        self.api_key = api_key
        self.default_ttl_seconds = default_ttl_seconds
        self.api_prefix = api_prefix
        self._clients: dict[asyncio.AbstractEventLoop | None, httpx.AsyncClient] = {}
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections; nothing can be enqueued any more."""
        self._is_closed = True
        if client := self._clients.get(_loop()) or self._clients.get(None):
            await client.aclose()

    @overload
    def task(self, name: Callable[P, Coroutine[Any, Any, T]], /) -> AsyncTask[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def task(self, name: Callable[P, T], /) -> AsyncTask[P, T, T]: ...
    @overload
    def task(
        self,
        name: str | None = None,
        queue_name: str | None = None,
        scheduled_at: datetime | str | None = None,
        max_retries: int | None = None,
        priority: int = 0,
        ttl_seconds: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        retry_delay: float | None = None,
        retry_backoff: bool | None = None,
        webhook_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Decorator: ...
    def task(self, name: Any = None, *given: Any, **options: Any) -> Any:
        """Declare a function as a task: ``@queue.task``, or ``@queue.task(name=..., max_retries=5, ...)``.

        The function stays what it is, and gets ``await aqueue(...)``, which enqueues a call of it.

        Args:
            name: by which workers know it; by default the function's own.

        Raises:
            ValueError: no worker could import the function's module.
            TypeError: there is no such option.
        """
        if callable(name):
            return self._declare(name, None, {})
        said = options_of(*given, **options)
        return lambda function: self._declare(function, name, said)

    async def batch_enqueue(self, tasks: Sequence[Mapping[str, Any]]) -> httpx.Response:
        """Store up to 1,000 tasks in one commit, all or none.

        Args:
            tasks: bodies as for ``POST /api/v1/enqueue``, sent as they are.
        """
        url = f"{self.server_url}{self.api_prefix}/enqueue/batch"
        return await self._client.post(url, json=tasks, headers=self._headers)

    async def enqueue_in(self, connection: Any, task: Declared[P], /, *args: P.args, **kwargs: P.kwargs) -> UUID | None:
        """Store a call of ``task`` in the transaction that ``connection`` has open: the task exists once that commits,
        and never otherwise. No server is asked.

        Args:
            connection: of asyncpg, or an ``AsyncConnection`` or ``AsyncSession`` of SQLAlchemy, on the database of the
                tasks.
            task: a declared function, or its ``options(...)``; then its arguments.

        Returns:
            The id of the task; None when its TTL is 0, for then nothing is stored.

        Raises:
            InvalidInput: a value is not allowed, or no transaction is open there. SchemaMismatch: the database has no
                tables of lapinq.
        """
        from lapinq.client.direct import put_in  # brings the driver, which others do without

        return await put_in(connection, task.order(*args, **kwargs))

    def ref(self, task_id: str | UUID) -> TaskRef[Any]:
        """A reference to a task of which only the id is known, as after ``enqueue_in`` and its commit."""
        return TaskRef.known(task_id, self.server_url, self.api_key, api_prefix=self.api_prefix)

    # What is stored. Each raises ``httpx.HTTPStatusError`` with what the server said when it refuses.

    async def list_tasks(
        self, queue_name: str | None = None, status: str | None = None, task_name: str | None = None, limit: int = 50
    ) -> list[Document]:
        """The newest tasks first, in the API's JSON form; at most 1,000."""
        return await self._ask(asking.tasks(queue_name, status, task_name, limit))

    async def get_task(self, task_id: str | UUID) -> Document | None:
        """A task in the API's JSON form; None when there is none."""
        return await self._ask(asking.task(task_id))

    async def queue_stats(self) -> list[Document]:
        """One object a queue: ``queue_name``, how many tasks have each status, and whether it is ``paused``."""
        return await self._ask(asking.queues())

    async def cancel_task(self, task_id: str | UUID, *, running: bool = False) -> bool:
        """Cancel a pending task; False when there is no such task, or it is not pending.

        Args:
            running: ask a task that runs to stop, too; that takes a moment, and ``status`` tells.
        """
        return await self._ask(asking.cancelling(task_id, running=running))

    async def requeue_task(self, task_id: str | UUID) -> bool:
        """Make a failed task pending again; False when there is no such task, or it has not failed."""
        return await self._ask(asking.requeuing(task_id))

    def _declare(self, function: Callable[..., Any], name: str | None, options: Options) -> Any:
        enqueuer = AsyncEnqueuer[..., Any](
            self, declare(function, name, options, self.queue_name, self.default_ttl_seconds)
        )
        function.__dict__.update(aqueue=enqueuer.aqueue, order=enqueuer.order, options=enqueuer.options)
        return function

    async def _enqueue(self, order: ClientOrder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskRef[Any]:
        url = f"{self.server_url}{self.api_prefix}/enqueue"
        response = await self._client.post(url, json=order.body(args, kwargs), headers=self._headers)
        return TaskRef(response, self.server_url, self.api_key, is_async=True, api_prefix=self.api_prefix)

    async def _ask(self, question: Question[T]) -> T:
        url = f"{self.server_url}{self.api_prefix}/{question.path}"
        response = await self._client.request(question.method, url, params=question.params, headers=self._headers)
        return question.read(response)

    @property
    def _client(self) -> httpx.AsyncClient:
        """That of this event loop, since connections are good in the one that made them alone. Queues are mostly
        declared once, and some programs run a loop for each call."""
        if self._is_closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        client = self._clients.get(loop := _loop())
        if client is None:
            for ended in [each for each in self._clients.copy() if each is not None and each.is_closed()]:
                self._clients.pop(ended, None)
            client = self._clients.pop(None, None) or httpx.AsyncClient(timeout=self.timeout)
            self._clients[loop] = client
        return client

    @_client.setter
    def _client(self, client: httpx.AsyncClient) -> None:
        """For tests of programs, which put another one in its place."""
        self._clients = {_loop(): client}

    @property
    def _headers(self) -> dict[str, str]:
        return {} if self.api_key is None else {"X-API-Key": self.api_key}


def _loop() -> asyncio.AbstractEventLoop | None:
    """The one that runs, if any; a client that is made outside of all is for the first that asks."""
    with suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None
