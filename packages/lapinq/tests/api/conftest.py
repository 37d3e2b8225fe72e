"""The API over a real database, called in this process. Tests of a module share the database: each uses queues of its
own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from uuid import uuid4

import httpx
import pytest
from lapinq.server import create_app
from lapinq.settings import Settings
from lapinq.storage import Storage
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.applications import Starlette
from taskcore.auth import passwords
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement, TaskError, TaskRecord
from taskcore.states import Event

from ..conftest import EMPTY

KEY = "a key of these tests"
P = "/api/v1"

Put = Callable[..., Awaitable[str]]
Client = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="package", autouse=True)
def quick_hashes() -> Iterator[None]:
    """A hash that is good takes 64 MiB and a while, and there are many here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "Argon2Hasher", partial(Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
async def open_storage(postgres_url: str) -> AsyncIterator[Storage]:
    """On a database that was empty before the first test of the module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLMODE", "disable")
        storage = await Storage.open(Settings(database_url=postgres_url, pool_size=4))
        await storage.pool.execute(EMPTY)
        yield storage
        await storage.close()


@pytest.fixture(scope="module")
def app(open_storage: Storage) -> Starlette:
    """Without lifespan and without API key: programs on this machine are admins."""
    app = create_app("postgresql://nowhere:1/none")
    app.state.storage = open_storage
    return app


@pytest.fixture(scope="module")
def guarded(open_storage: Storage) -> Starlette:
    """With an API key."""
    app = create_app("postgresql://nowhere:1/none", api_key=KEY)
    app.state.storage = open_storage
    return app


def client_of(app: Starlette, peer: str = "127.0.0.1", **options: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(peer, 1234), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", **options)  # type: ignore[arg-type]


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A program on this machine."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
def queue() -> str:
    """The name of a queue that no other test uses."""
    return f"q-{uuid4().hex[:12]}"


@pytest.fixture
def put(client: httpx.AsyncClient, queue: str) -> Put:
    """Enqueue a task, and return its id."""

    async def enqueue(name: str = "add", **given: object) -> str:
        body = {"task_name": name, "module_path": "mytasks", "queue_name": queue, **given}
        answer = await client.post(f"{P}/enqueue", json=body)
        assert 201 == answer.status_code, answer.text
        return str(answer.json()["task_id"])

    return enqueue


async def begin(storage: Storage, task: str) -> TaskRecord:
    """Let a worker have a task."""
    record = await storage.service.store.take(TaskId(task), WorkerId("w"), storage.settings.lease)
    assert record is not None
    return record


async def succeed(storage: Storage, task: str, result: str) -> None:
    """Run a task to its good end."""
    record = await begin(storage, task)
    await storage.service.store.settle([Settlement(fence=record.fence, event=Event.SUCCEED, result=result)])


async def fail(storage: Storage, task: str, error: str = "boom") -> None:
    """Run a task to its bad end."""
    record = await begin(storage, task)
    end = Settlement(fence=record.fence, event=Event.FAIL, error=TaskError("ValueError", error))
    await storage.service.store.settle([end])
