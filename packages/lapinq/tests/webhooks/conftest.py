"""A receiver of webhooks on this machine, which answers as a test wants it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks import delivering
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement
from taskcore.retry import Fixed, RetryPolicy
from taskcore.states import Event

KEYS = (b"k" * 24, b"l" * 32)
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Receiver:
    """What came, and what is answered: the answers in turn, the last one for ever."""

    url: str = ""
    answers: list[bytes] = field(default_factory=lambda: [OK])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((first, headers, body))
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        self.came.set()
        writer.close()
        with suppress(ConnectionError):  # long answers are not read
            await writer.wait_closed()

    async def received(self, count: int) -> None:
        """Wait until so many have come."""
        async with asyncio.timeout(15):
            while len(self.requests) < count:
                self.came.clear()
                await self.came.wait()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield receiver
    server.close()
    await server.wait_closed()


@pytest.fixture
def settings(postgres_url: str) -> Settings:
    return Settings(database_url=postgres_url, pool_size=4, webhook_allow_private=True, webhook_keys=KEYS)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    policy = RetryPolicy(max_attempts=3, backoff=Fixed(0), jitter=0)
    monkeypatch.setattr(delivering, "_RETRY", policy)
    monkeypatch.setattr(delivering, "TICK", timedelta(seconds=0.05))


async def put(service: Service, url: str, **more: Any) -> UUID:
    task = await service.enqueue(Order(task_name="add", module_path="mytasks", webhook_url=url, **more))
    assert task is not None
    return task


async def end(service: Service, task: UUID, event: Event, **more: Any) -> None:
    """Let a worker have the task, and end it."""
    record = await service.store.take(TaskId(str(task)), WorkerId("w"), timedelta(seconds=30))
    assert record is not None
    assert [True] == await service.store.settle([Settlement(fence=record.fence, event=event, **more)])
