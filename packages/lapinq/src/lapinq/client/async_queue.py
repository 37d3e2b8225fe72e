"""The client for programs with an event loop; ``lapinq.client.queue`` is its twin."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Generic, ParamSpec, Protocol, Self, TypeVar, Unpack, cast, overload

import httpx

from lapinq.client.order import ClientOrder, Options, declare
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
        return AsyncEnqueuer(self._client, replace(self._order, **changes))


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
    """Declares functions as tasks, and enqueues them at a lapinq server.

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
        self._client = httpx.AsyncClient(timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections; nothing can be enqueued any more."""
        await self._client.aclose()

    @overload
    def task(self, name: Callable[P, Coroutine[Any, Any, T]], /) -> AsyncTask[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def task(self, name: Callable[P, T], /) -> AsyncTask[P, T, T]: ...
    @overload
    def task(self, name: str | None = None, **options: Unpack[Options]) -> Decorator: ...
    def task(self, name: Any = None, **options: Any) -> Any:
        """Declare a function as a task: ``@queue.task``, or ``@queue.task(name=..., max_retries=5, ...)``.

        The function stays what it is, and gets ``await aqueue(...)``, which enqueues a call of it.

        Args:
            name: by which workers know it; by default the function's own.

        Raises:
            ValueError: no worker could import the function's module.
        """
        if callable(name):
            return self._declare(name, None, {})
        return lambda function: self._declare(function, name, cast(Options, options))

    async def batch_enqueue(self, tasks: Sequence[Mapping[str, Any]]) -> httpx.Response:
        """Store up to 1,000 tasks in one commit, all or none.

        Args:
            tasks: bodies as for ``POST /api/v1/enqueue``, sent as they are.
        """
        url = f"{self.server_url}{self.api_prefix}/enqueue/batch"
        return await self._client.post(url, json=tasks, headers=self._headers)

    def _declare(self, function: Callable[..., Any], name: str | None, options: Options) -> Any:
        enqueuer = AsyncEnqueuer[..., Any](
            self, declare(function, name, options, self.queue_name, self.default_ttl_seconds)
        )
        function.__dict__.update(aqueue=enqueuer.aqueue, order=enqueuer.order, options=enqueuer.options)
        return function

    async def _enqueue(self, order: ClientOrder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskRef[Any]:
        url = f"{self.server_url}{self.api_prefix}/enqueue"
        response = await self._client.post(url, json=order.body(args, kwargs), headers=self._headers | order.headers)
        return TaskRef(response, self.server_url, self.api_key, is_async=True, api_prefix=self.api_prefix)

    @property
    def _headers(self) -> dict[str, str]:
        return {} if self.api_key is None else {"X-API-Key": self.api_key}
