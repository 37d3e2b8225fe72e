"""A database with the tables of this release for all tests of a session; each test finds it empty."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from lapinq.schema.names import (
    ACCOUNTS,
    CORE,
    FORMER_IDS,
    HOOKS,
    SCHEDULED,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_SECRETS,
    WEBHOOKS_DUE,
)
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage

from tests import servers

# Quicker than TRUNCATE, while there are few rows.
EMPTY = "; ".join(
    f"DELETE FROM {table}"
    for table in [
        *(f"{CORE}_{name}" for name in ("tasks", "leases", "attempts", "logs", "schedules", "fires", "queues")),
        *(f"{CORE}_{name}" for name in ("leaders", "statistics", "workers", "counts")),
        *(f"{ACCOUNTS}_{name}" for name in ("users", "sessions", "keys", "entries")),
        *(f"{HOOKS}_{name}" for name in ("tasks", "leases", "attempts", "logs", "counts", "statistics")),
        FORMER_IDS,
        SCHEDULED,
        WEBHOOKS_DUE,
        WEBHOOK_ENDPOINTS,
        WEBHOOK_SECRETS,
    ]
)


@pytest.fixture(autouse=True)
def without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is broken off while it negotiates TLS, as by a test that ends at once, leaves an error of the
    driver behind that nobody can catch."""
    monkeypatch.setenv("PGSSLMODE", "disable")


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    """The URL of a database of its own, in which nothing is."""
    name = servers.fresh_name()
    servers.sql_in_postgres(postgres_url, f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    servers.sql_in_postgres(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, which is the import root."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings(postgres_url: str) -> Settings:
    return Settings(database_url=postgres_url, pool_size=4)


@pytest.fixture
async def service(settings: Settings, folder: Path) -> AsyncIterator[Service]:
    """The use cases on an empty database; ``folder`` is the import root."""
    service = await Service.open(settings)
    await service.tables.pool.execute(EMPTY)
    yield service
    await service.close()


@pytest.fixture
async def storage(service: Service, settings: Settings) -> AsyncIterator[Storage]:
    """``Storage`` on the same."""
    storage = Storage(service, settings)
    yield storage
    await storage.close()


@pytest.fixture
async def connection(empty_database: str) -> AsyncIterator["asyncpg.Connection"]:
    """To a database of its own."""
    connection = await asyncpg.connect(empty_database)
    yield connection
    await connection.close()
