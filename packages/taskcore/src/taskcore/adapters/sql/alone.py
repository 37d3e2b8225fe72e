"""One process at a time, by a lock that the server keeps for as long as a connection lasts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from taskcore.adapters.sql.dialects import Dialect
from taskcore.errors import StoreUnavailable

_PATIENCE = 60
"""Seconds to wait for another process."""


@asynccontextmanager
async def alone(
    connection: AsyncConnection, dialect: Dialect, what: str, prefix: str, place: str
) -> AsyncIterator[None]:
    """Nobody else makes ``what``, which belongs to ``prefix``, meanwhile.

    Raises:
        StoreUnavailable: somebody else has been making it for too long.
    """
    name = f"{prefix}:{connection.engine.url.database}"[:64]
    taken = await connection.execute(text(dialect.lock), {"name": name, "patience": _PATIENCE})
    if taken.scalar_one() != 1:
        raise StoreUnavailable(
            f"{place}: another process has been making {what} for {_PATIENCE} s; open the store again when it is done"
        )
    await connection.commit()
    try:
        yield
    finally:
        await connection.execute(text(dialect.unlock), {"name": name})
