"""What requests cost a Redis server."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.asyncio.connection
from starlette.testclient import TestClient

Headers = dict[str, str]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection that is opened to a Redis from now on."""
    connections: list[Any] = []
    connect: Callable[[Any], Awaitable[None]] = redis.asyncio.connection.AbstractConnection.connect

    async def and_tell(self: Any) -> None:
        if not self.is_connected:
            connections.append(self)
        await connect(self)

    monkeypatch.setattr(redis.asyncio.connection.AbstractConnection, "connect", and_tell)
    return connections


@pytest.mark.stores("redis")
def test_requests_share_a_few_connections(client: TestClient, admin: Headers, connected: list[Any]) -> None:
    def ask() -> None:
        added = client.post("/add-job", json={"payload": {"n": 1}, "handler": "dummy"}, headers=admin)
        assert 200 == added.status_code
        for path in ("/health", f"/job/{added.json()['job_id']}", "/jobs", "/monitor/metrics"):
            assert 200 == client.get(path, headers=admin).status_code

    ask()
    first = len(connected)
    for _ in range(10):
        ask()

    assert 0 < first <= 10
    assert first == len(connected)
