"""The servers that tests run against: the machine's own when they answer, embedded ones otherwise.

``TASKCORE_SERVERS=machine`` makes a server that does not answer an error, ``TASKCORE_SERVERS=embedded`` leaves the
machine's servers alone. PostgreSQL and MySQL get a database for the session, which is dropped with everything in it;
in Redis each test uses a prefix of its own and removes its keys. Nothing starts before a test asks for it.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from taskcore import embedded

MODE = os.environ.get("TASKCORE_SERVERS", "")
POSTGRES = os.environ.get("TASKCORE_POSTGRES_URL", "postgresql://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TASKCORE_REDIS_URL", "redis://127.0.0.1:6379/0")
MYSQL = os.environ.get("TASKCORE_MYSQL_URL", "mysql://root@127.0.0.1:3306")
FIXTURES = {"postgres_url", "redis_url"}
PATIENCE = 30
"""Seconds that a server has to answer."""

used: list[str] = []

if MODE not in {"", "machine", "embedded"}:
    raise pytest.UsageError(f"TASKCORE_SERVERS is {MODE!r}; set it to machine or embedded, or unset it")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server that can be embedded, so that `-m servers` runs all of it and nothing else."""
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers a run was about."""
    if used:
        terminalreporter.write_line(f"servers: {', '.join(used)}")


def machine_answers(url: str, ask: Callable[[], None]) -> bool:
    """Whether the machine's server does what is asked of it. One that must be used and does not is an error."""
    if MODE == "embedded":
        return False
    try:
        ask()
    except Exception:
        if MODE == "machine":
            raise
        return False
    used.append(address(url))
    return True


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of its own on PostgreSQL."""
    name, server = fresh_name(), POSTGRES
    with ExitStack() as stack:
        if not machine_answers(server, lambda: sql_in_postgres(server, f"CREATE DATABASE {name}")):
            server = stack.enter_context(embedded.postgres(tmp_path_factory.mktemp("servers")))
            sql_in_postgres(server, f"CREATE DATABASE {name}")
            used.append("embedded PostgreSQL")
        yield in_database(server, name)
        sql_in_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that others use too: keep to a prefix, and remove its keys."""
    if machine_answers(REDIS, ping_redis):
        yield REDIS
    else:
        with embedded.redis(tmp_path_factory.mktemp("servers")) as url:
            used.append("embedded Valkey")
            yield url


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    """A database of its own on MySQL or MariaDB, which nothing can replace."""
    name = fresh_name()
    if not machine_answers(MYSQL, lambda: sql_in_mysql(f"CREATE DATABASE {name}")):
        pytest.skip(f"NO MYSQL OR MARIADB AT {address(MYSQL)}: nothing about it is tested in this run")
    yield in_database(MYSQL, name)
    sql_in_mysql(f"DROP DATABASE {name}")


def fresh_name() -> str:
    return f"taskcore_{secrets.token_hex(6)}"


def sql_in_postgres(url: str, statement: str) -> None:
    async def run() -> None:
        import asyncpg

        connection = await asyncpg.connect(url, timeout=PATIENCE)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def ping_redis() -> None:
    import redis

    with redis.Redis.from_url(REDIS, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE) as client:
        client.ping()


def sql_in_mysql(statement: str) -> None:
    import pymysql

    parts = urlsplit(MYSQL)
    connection = pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=parts.password or "",
        connect_timeout=PATIENCE,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)


def in_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def address(url: str) -> str:
    """Where a server is, without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"
