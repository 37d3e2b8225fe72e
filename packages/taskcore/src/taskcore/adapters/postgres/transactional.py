"""``put`` on connections of the application, inside the transaction that it has open there."""

import re
from typing import Any

import asyncpg

from taskcore.adapters.postgres.database import Database, Rows
from taskcore.adapters.postgres.tasks import Steps
from taskcore.errors import InvalidInput
from taskcore.models import Receipt

_PARAMETER = re.compile(r"\$(\d+)(::[a-z]+(?: precision)?(?:\[\])?)?")


async def run(connection: Any, database: Database, steps: Steps) -> list[Receipt]:
    """Run the statements of ``put`` on a connection of asyncpg, or an asynchronous one of SQLAlchemy."""
    receipts: list[Receipt]
    if hasattr(connection, "run_sync"):
        receipts = await connection.run_sync(run_sync, database, steps)
        return receipts
    if not hasattr(connection, "is_in_transaction"):
        raise InvalidInput(
            "put_within needs a connection of asyncpg, or an AsyncConnection or AsyncSession of SQLAlchemy, got "
            f"{type(connection).__name__}; synchronous ones go to put_within_sync"
        )
    if not connection.is_in_transaction():
        raise InvalidInput("put_within needs a transaction: use it inside `async with connection.transaction()`")
    try:
        sql, parameters = next(steps)
        while True:
            sql, parameters = steps.send(await connection.fetch(database.text(sql), *parameters))
    except StopIteration as end:
        receipts = end.value
    return receipts


def run_sync(session: Any, database: Database, steps: Steps) -> list[Receipt]:
    """Run them on a ``Connection`` or ``Session`` of SQLAlchemy, which begins a transaction by itself."""
    try:
        sql, parameters = next(steps)
        while True:
            sql, parameters = steps.send(_execute(session, database.text(sql), parameters))
    except StopIteration as end:
        receipts: list[Receipt] = end.value
        return receipts


def _execute(session: Any, sql: str, parameters: list[object]) -> Rows:
    # The application has SQLAlchemy, or there would be no session; the store itself opens faster without.
    from sqlalchemy import text
    from sqlalchemy.exc import DataError, DBAPIError

    named = {f"p{number}": value for number, value in enumerate(parameters, 1)}
    try:
        rows: Rows = session.execute(text(_PARAMETER.sub(_named, sql)), named).all()
    except DBAPIError as error:
        kind = asyncpg.DataError if isinstance(error, DataError) else asyncpg.InterfaceError
        raise _as_asyncpg_says(error.orig, kind) from error
    return rows


def _named(match: "re.Match[str]") -> str:
    """``$3::text[]`` as SQLAlchemy writes it for whatever driver there is."""
    number, cast = match.groups()
    return f"CAST(:p{number} AS {cast.removeprefix('::')})" if cast else f":p{number}"


def _as_asyncpg_says(error: BaseException | None, unnamed: type[Exception]) -> Exception:
    """The error of another driver, by its SQLSTATE; one that never reached the server has none."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state is None:
        return unnamed(str(error))
    said: Exception = asyncpg.PostgresError.get_message_class_for_sqlstate(state)(str(error))
    said.__dict__["detail"] = getattr(getattr(error, "diag", None), "message_detail", None)
    return said
