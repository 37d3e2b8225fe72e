"""A seed that is printed, and a place on each kind of store."""

import os
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from taskcore import embedded
from taskcore.embedded.server import EmbeddedServer

from tests.ports import kept_port

from .places import Place, Store

pytest.register_assert_rewrite(f"{__package__}.audit")

SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)


@pytest.fixture
def rng() -> random.Random:
    """Chance, the same again with CHAOS_SEED."""
    print(f"CHAOS_SEED={SEED}")
    return random.Random(SEED)


@pytest.fixture(
    params=[
        "sqlite",
        *(pytest.param(server, marks=pytest.mark.servers) for server in ("postgres", "redis", "mysql")),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each kind of store; the servers are those of the session."""
    if request.param == "sqlite":
        return Place(str(tmp_path / "chaos.db"), "taskcore")
    return Place(request.getfixturevalue(f"{request.param}_url"), f"chaos_{secrets.token_hex(6)}")


@pytest.fixture
def port() -> Iterator[int]:
    """For one server, however often it is killed."""
    with kept_port() as port:
        yield port


@pytest.fixture
async def store(place: Place) -> AsyncIterator[Store]:
    """The test's own view of the place."""
    store = await place.open()
    yield store
    await store.close()
    await place.clear()


@pytest.fixture(params=[embedded.postgres, embedded.redis], ids=["postgres", "redis"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of the test's own, which may be killed and stopped."""
    server: EmbeddedServer = request.param(tmp_path)
    with server:
        yield server


@pytest.fixture
def own_place(server: EmbeddedServer) -> Place:
    """On the server of the test's own."""
    return Place(server.url, "chaos")
