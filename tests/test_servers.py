"""A server that tests ask for answers, and has a database of its own for them."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pymysql
import redis


def test_postgresql_has_a_database_for_the_session(postgres_url: str) -> None:
    async def database() -> str:
        connection = await asyncpg.connect(postgres_url)
        try:
            return str(await connection.fetchval("SELECT current_database()"))
        finally:
            await connection.close()

    assert asyncio.run(database()).startswith("taskcore_")


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_mysql_has_a_database_for_the_session(mysql_url: str) -> None:
    parts = urlsplit(mysql_url)
    where = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": parts.password or ""}
    with pymysql.connect(**where, database=parts.path[1:]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT database()")
        assert cursor.fetchone()[0].startswith("taskcore_")
