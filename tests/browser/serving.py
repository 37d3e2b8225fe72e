"""A real uvicorn in a thread, on a port that the system chooses."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp

Answer = TypeVar("Answer")
START_SECONDS = 20


class Server:
    """Serves ``app`` until ``stop``; ``start`` again takes the same port."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns once it answers."""
        config = uvicorn.Config(self._app, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(START_SECONDS), "the server did not start"

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        with closing(socket.socket()) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", self._port))
            listening.listen()
            self._port = listening.getsockname()[1]
            self._ready.set()  # a connection from now on waits until uvicorn takes it
            await self._server.serve(sockets=[listening])

    def stop(self) -> None:
        """As a crash does: whoever listens to a stream is cut off."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(START_SECONDS)

    def within(self, coroutine: Coroutine[object, object, Answer]) -> Answer:
        """Await ``coroutine`` in the server's loop, where the source lives."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_SECONDS)


@contextmanager
def served(app: ASGIApp) -> Iterator[Server]:
    server = Server(app)
    try:
        yield server
    finally:
        server.stop()
