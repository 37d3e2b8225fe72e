"""A server that tests ask for answers, and its database is empty."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pymysql
import redis


def test_postgresql_has_an_empty_database_for_the_session(postgres_url: str) -> None:
    async def tables() -> int:
        connection = await asyncpg.connect(postgres_url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        finally:
            await connection.close()

    assert 0 == asyncio.run(tables())


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_mysql_has_an_empty_database_for_the_session(mysql_url: str) -> None:
    parts = urlsplit(mysql_url)
    where = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": parts.password or ""}
    with pymysql.connect(**where, database=parts.path[1:]) as connection, connection.cursor() as cursor:
        assert 0 == cursor.execute("SHOW TABLES")
