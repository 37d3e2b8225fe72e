"""What a worker answers at its ``HealthPort``."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.engine.worker import Worker
from taskcore.errors import StoreUnavailable
from taskcore.web.health import Health

from taskmq.api.telemetry import Telemetry
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend

LAST_ANSWERS = 1
"""Seconds that open requests get when the worker stops."""


def health_app(backend: QueueBackend, worker: Worker) -> Starlette:
    """The application. Nobody is asked who they are, and nobody learns more than a word."""
    health, telemetry = Health({"store": lambda: _check(backend)}), Telemetry()

    async def healthz(request: Request) -> Response:
        findings = await health.findings()
        return _answer("ok" if not findings["store"].trouble else "unavailable")

    async def readyz(request: Request) -> Response:
        return _answer("draining") if worker.stopping else await healthz(request)

    async def metrics(request: Request) -> Response:
        body, content_type = await telemetry.exposition(lambda: backend, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})

    routes = {"/livez": health.live, "/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
    return Starlette(routes=[Route(path, answer) for path, answer in routes.items()])


def _answer(status: str) -> Response:
    return JSONResponse({"status": status}, 200 if status == "ok" else 503, {"cache-control": "no-store"})


async def _check(backend: QueueBackend) -> None:
    """Raise when the queue cannot be reached."""
    if isinstance(backend, StoreBackend):
        await backend.store.check()
    elif not await asyncio.to_thread(backend.check_health):
        raise StoreUnavailable("the backend says that it cannot be reached")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the worker's."""
        yield


@asynccontextmanager
async def served(app: Starlette, listening: socket.socket) -> AsyncIterator[None]:
    """Answer what comes in at a socket, on the running event loop."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_ANSWERS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
