"""The API over an empty queue, called in this process, and tokens of its two roles."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient
from taskmq.api.app import create_app
from taskmq.api.desk import Desk
from taskmq.jwt_secret import Keys, keys_of
from taskmq.storage.store_backend import StoreBackend

SECRET = "a secret of these tests, which is long enough"
Headers = dict[str, str]


@pytest.fixture
def keys() -> Keys:
    return keys_of(SECRET, {})


@pytest.fixture
def desk(backend: StoreBackend, keys: Keys) -> Desk:
    return Desk(lambda: backend, keys)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """A program on this machine."""
    with TestClient(create_app(desk), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def as_role(keys: Keys) -> Callable[[str], Headers]:
    """The headers of a caller in a role."""
    return lambda role: {
        "Authorization": f"Bearer {keys.tokens.create('somebody', role, lifetime=timedelta(minutes=5))}"
    }


@pytest.fixture
def admin(as_role: Callable[[str], Headers]) -> Headers:
    return as_role("admin")


@pytest.fixture
def worker(as_role: Callable[[str], Headers]) -> Headers:
    return as_role("worker")
