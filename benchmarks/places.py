"""Where laps run: a folder for SQLite, a database of its own on PostgreSQL, one of the numbered ones of Redis."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import redis

from benchmarks.servers import server

NUMBERS = range(15, 0, -1)
"""The databases of Redis that may be used, best first."""


@contextmanager
def folder() -> Iterator[str]:
    """An empty folder."""
    with TemporaryDirectory(prefix="bench-") as name:
        yield name


@contextmanager
def postgres_database() -> Iterator[str]:
    """An empty database. What others wrote is on the disk by then, so that its checkpoint falls into no lap."""
    name = f"bench_{uuid4().hex[:12]}"
    asyncio.run(tell_postgres(f"CREATE DATABASE {name}", "CHECKPOINT"))
    try:
        yield in_database(server("postgres"), name)
    finally:
        asyncio.run(tell_postgres(f"DROP DATABASE {name} WITH (FORCE)"))


def postgres_version() -> str:
    return asyncio.run(tell_postgres("SHOW server_version"))


async def tell_postgres(*statements: str) -> str:
    """Run statements; answer what the last one found."""
    connection = await asyncpg.connect(server("postgres"), timeout=5)
    try:
        found = [await connection.fetchval(statement) for statement in statements]
        return str(found[-1])
    finally:
        await connection.close()


@contextmanager
def redis_number() -> Iterator[str]:
    """An empty database of Redis. Whatever is in it afterwards is ours, and goes."""
    url = take_number()
    try:
        yield url
    finally:
        with redis.Redis.from_url(url) as client:
            keys = client.scan_iter(count=1000)
            while some := list(islice(keys, 1000)):
                client.unlink(*some)


def take_number() -> str:
    """The URL of a database that has no keys; one is left there, so that two runs never share it."""
    for number in NUMBERS:
        url = in_database(server("redis"), str(number))
        with redis.Redis.from_url(url) as client:
            if client.dbsize() == 0 and client.set("bench", "taken", nx=True, ex=3600):
                return url
    raise RuntimeError(f"expected an empty database in Redis, {NUMBERS[-1]} to {NUMBERS[0]} have keys; empty one")


def redis_version() -> str:
    with redis.Redis.from_url(server("redis")) as client:
        return str(client.info("server")["redis_version"])


def in_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
