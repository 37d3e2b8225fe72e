"""A TCP proxy between clients and a server, that can do to them what networks do."""

import asyncio
from contextlib import ExitStack, suppress
from typing import Self
from urllib.parse import urlsplit

from taskcore.testing import eventually

from tests.ports import kept_port


class Connection:
    """What flows between one client and the server."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.flows = asyncio.Event()
        self.flows.set()
        self.ends = [client]

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """One direction, until an end is gone."""
        with suppress(OSError):
            while data := await source.read(65_536):
                await self.flows.wait()
                sink.write(data)
                await sink.drain()
        self.drop()

    def drop(self) -> None:
        for end in self.ends:
            end.transport.abort()
        self.flows.set()  # Whoever waits to pass something on finds out that there is nobody.


class Proxy:
    """Passes everything on, until it is told otherwise."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._kept = ExitStack()
        self.port = 0

    async def __aenter__(self) -> Self:
        self.port = self._kept.enter_context(kept_port())
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.refuse()
        self._kept.close()
        await eventually(lambda: not self._connections)

    async def accept(self) -> None:
        """Let clients in, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def refuse(self) -> None:
        """Let nobody in, and drop those who are."""
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> None:
        """Drop every connection; new ones are welcome."""
        for connection in self._connections:
            connection.drop()

    def hold(self) -> None:
        """Pass nothing more on between those who are connected, without a word; new ones are not concerned."""
        for connection in self._connections:
            connection.flows.clear()

    def release(self) -> None:
        """Pass on what was held back, and all that follows."""
        for connection in self._connections:
            connection.flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        self._connections.add(connection)
        try:
            there, onward = await asyncio.open_connection(self._host, self._port)
            connection.ends.append(onward)
            await asyncio.gather(connection.pump(reader, onward), connection.pump(there, writer))
        except OSError:
            connection.drop()
        finally:
            self._connections.discard(connection)
