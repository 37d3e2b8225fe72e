"""Where a chaos test keeps its tasks, and what it leaves there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy import NullPool, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from taskcore.ports import ScheduleStore, TaskStore


class Store(TaskStore, ScheduleStore, Protocol):
    """What every store here can do."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A path of a SQLite file or the URL of a server, and the prefix of the tables or keys there."""

    url: str
    prefix: str

    @property
    def kind(self) -> str:
        return urlsplit(self.url).scheme or "sqlite"

    def behind(self, port: int) -> "Place":
        """The same place, reached by way of a port of this machine."""
        parts = urlsplit(self.url)
        who, at, _ = parts.netloc.rpartition("@")
        return replace(self, url=parts._replace(netloc=f"{who}{at}127.0.0.1:{port}").geturl())

    async def open(self) -> Store:
        match self.kind:
            case "postgresql":
                from taskcore.adapters.postgres import PostgresStore

                return await PostgresStore.open(self.url, prefix=self.prefix)
            case "redis":
                from taskcore.adapters.redis import RedisStore

                return await RedisStore.open(self.url, prefix=self.prefix)
            case "mysql":
                from taskcore.adapters.sql.store import SQLStore

                return await SQLStore.open(self.url, prefix=self.prefix)
            case _:
                from taskcore.adapters.sqlite import SQLiteStore

                return await SQLiteStore.open(self.url, prefix=self.prefix)

    async def contents(self) -> Mapping[str, int]:
        """Table or key -> rows, or 1."""
        match self.kind:
            case "postgresql":
                return await self._in_postgres()
            case "redis":
                return await self._in_redis()
            case "mysql":
                return await self._in_mysql()
            case _:
                return self._in_sqlite()

    async def clear(self) -> None:
        """Remove what a store keeps of itself, where nothing else will."""
        if self.kind == "redis":
            import redis.asyncio

            async with redis.asyncio.Redis.from_url(self.url, decode_responses=True) as client:
                await client.delete(*await self._in_redis())

    async def throw_out(self) -> None:
        """End every connection to a server but the one that asks for it."""
        if self.kind == "redis":
            import redis.asyncio

            async with redis.asyncio.Redis.from_url(self.url) as client:
                await client.client_kill_filter(skipme=True)
        elif self.kind == "mysql":
            async with self._mysql() as connection:
                others = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
                for (number,) in (await connection.execute(text(others))).all():
                    with suppress(OperationalError):  # gone by itself
                        await connection.execute(text(f"KILL {number}"))
        else:
            import asyncpg

            connection = await asyncpg.connect(self.url)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            )
            await connection.close()

    async def _in_postgres(self) -> Mapping[str, int]:
        import asyncpg

        connection = await asyncpg.connect(self.url)
        try:
            names = await connection.fetch("SELECT tablename FROM pg_tables WHERE tablename LIKE $1", f"{self.prefix}%")
            return {name: await connection.fetchval(self._rows(name)) for (name,) in names}
        finally:
            await connection.close()

    def _rows(self, name: str) -> str:
        """How many rows a table has; of numbers that are kept as changes, how many are not zero."""
        if name == f"{self.prefix}_counts":
            return f"SELECT count(*) FROM (SELECT FROM {name} GROUP BY queue, kind HAVING sum(change) <> 0) AS numbers"
        return f"SELECT count(*) FROM {name}"

    @asynccontextmanager
    async def _mysql(self) -> AsyncIterator[AsyncConnection]:
        engine = create_async_engine(self.url.replace("mysql://", "mysql+aiomysql://"), poolclass=NullPool)
        async with engine.begin() as connection:
            yield connection

    async def _in_mysql(self) -> Mapping[str, int]:
        async with self._mysql() as connection:
            names = (await connection.execute(text(f"SHOW TABLES LIKE '{self.prefix}%'"))).scalars().all()
            return {
                name: (await connection.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one() for name in names
            }

    async def _in_redis(self) -> Mapping[str, int]:
        import redis.asyncio

        async with redis.asyncio.Redis.from_url(self.url, decode_responses=True) as client:
            return {key: 1 async for key in client.scan_iter(f"*{self.prefix}*")}

    def _in_sqlite(self) -> Mapping[str, int]:
        import sqlite3

        with closing(sqlite3.connect(self.url)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE ? AND type = 'table'", [f"{self.prefix}%"]
            ).fetchall()
            return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in names}
