"""A browser's side of server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2


@dataclass(frozen=True)
class Event:
    id: str
    event: str
    data: str


class Listener:
    """Reads one stream; ``closed`` once the server has ended it."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.comments = 0
        self.retry = ""
        self._lines = response.aiter_lines()

    async def next(self, seconds: float = 30) -> Event | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(seconds):
            return await self._next()

    async def rest(self, seconds: float = 30) -> list[Event]:
        """Everything until the stream ends."""
        events = []
        while (event := await self.next(seconds)) is not None:
            events.append(event)
        return events

    async def _next(self) -> Event | None:
        fields: dict[str, list[str]] = {}
        async for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            elif "event" in fields:
                return Event(fields["id"][0], fields["event"][0], "\n".join(fields["data"]))
            else:
                self.retry = "".join(fields.pop("retry", [self.retry]))
        return None


@asynccontextmanager
async def listening(url: str, **headers: str) -> AsyncIterator[Listener]:
    async with (
        httpx2.AsyncClient(timeout=30) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        yield Listener(response)
