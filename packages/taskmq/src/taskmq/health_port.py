"""Where a worker tells over HTTP how it is: for the probes of orchestrators, and for Prometheus.

What answers takes long to load, so that is done when it is first needed.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskcore.engine.worker import Worker
from taskcore.errors import InvalidInput

from taskmq.storage.base import QueueBackend

MAX_PORT = 65_535


class HealthPort:
    """An address at which one worker answers ``GET``, to anybody who can reach it:

    - ``/livez``: 200 while its event loop turns, whatever the store does;
    - ``/healthz``: 200, or 503 while the store is away;
    - ``/readyz``: the same, and 503 once the worker takes no more jobs;
    - ``/metrics``: Prometheus.

    Args:
        port: 0 is any free one.
        host: by default this machine alone.

    Raises:
        InvalidInput: it is no port.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        if type(port) is not int or not 0 <= port <= MAX_PORT:
            raise InvalidInput(f"the port for health must be a whole number from 0 to {MAX_PORT:,}, got {port!r:.80}")
        self.port, self.host = port, host
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Of ``/healthz``; of the very port once it is open."""
        port = self.port if self._socket is None else self._socket.getsockname()[1]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}/healthz"

    def open(self) -> socket.socket:
        """Listen, if that is not done yet; a worker does it when it starts.

        Raises:
            InvalidInput: it cannot.
        """
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            try:
                self._socket = socket.create_server((self.host, self.port), family=family)
            except OSError as error:
                reason = error.strerror or str(error)
                raise InvalidInput(f"cannot listen at {self.host}:{self.port} for health: {reason}") from error
        return self._socket

    def close(self) -> None:
        """Listen no more. Closing twice is fine."""
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()

    @asynccontextmanager
    async def serving(self, backend: QueueBackend, worker: Worker) -> AsyncIterator[None]:
        """Answer for ``worker``, on the event loop that is its own."""
        from taskmq.health_app import health_app, served

        try:
            async with served(health_app(backend, worker), self.open()):
                yield
        finally:
            self.close()
