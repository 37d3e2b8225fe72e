"""``put`` on connections of the application, inside the transaction that it has open there."""

import re
from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import asyncpg

from taskcore.adapters.postgres import tasks
from taskcore.adapters.postgres.database import NOW, Rows
from taskcore.adapters.postgres.errors import translated
from taskcore.adapters.postgres.tasks import Asked
from taskcore.adapters.postgres.wakeup import told
from taskcore.clock import from_micros
from taskcore.errors import InvalidInput
from taskcore.ids import task_ids
from taskcore.models import Receipt, TaskSpec

T = TypeVar("T")
Text = Callable[[str], str]
"""A statement with the names of the tables, instead of ``{p}``."""

_HERE = "the database of this connection"
_PARAMETER = re.compile(r"\$(\d+)(::[a-z]+(?: precision)?(?:\[\])?)?")


class OpenTransactions:
    """``TransactionalEnqueue`` for programs that have no store open: it has no connection but those that it is given,
    and may be used in any thread and event loop.

    Args:
        prefix: of the store's tables, which some process has made in that database.
    """

    def __init__(self, prefix: str = "taskcore") -> None:
        self._prefix = prefix

    async def put_within(self, connection: Any, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """As ``PostgresStore.put_within``.

        Raises:
            SchemaMismatch: the tables are not there.
        """
        with translated(_HERE):
            return await run(connection, self._text, self._put(specs))

    def put_within_sync(self, session: Any, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """As ``PostgresStore.put_within_sync``. Raises: as ``put_within``."""
        with translated(_HERE):
            return run_sync(session, self._text, self._put(specs))

    async def now_within(self, connection: Any) -> datetime:
        """The time of the database that ``connection`` leads to."""
        with translated(_HERE):
            return await run(connection, self._text, _now())

    def now_within_sync(self, session: Any) -> datetime:
        """The same, of a ``Connection`` or ``Session`` of SQLAlchemy."""
        with translated(_HERE):
            return run_sync(session, self._text, _now())

    def _put(self, specs: Sequence[TaskSpec]) -> tasks.Steps:
        return tasks.put(specs, task_ids(), None, told({spec.queue for spec in specs}))

    def _text(self, sql: str) -> str:
        return sql.replace("{p}", self._prefix)


def _now() -> Generator[Asked, Rows, datetime]:
    ((micros,),) = yield NOW, [None]
    return from_micros(micros)


async def run(connection: Any, text: Text, steps: Generator[Asked, Rows, T]) -> T:
    """Run statements on a connection of asyncpg, or an asynchronous one of SQLAlchemy."""
    found: T
    if hasattr(connection, "run_sync"):
        found = await connection.run_sync(run_sync, text, steps)
        return found
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
            sql, parameters = steps.send(await connection.fetch(text(sql), *parameters))
    except StopIteration as end:
        found = end.value
    return found


def run_sync(session: Any, text: Text, steps: Generator[Asked, Rows, T]) -> T:
    """Run them on a ``Connection`` or ``Session`` of SQLAlchemy, which begins a transaction by itself, unless somebody
    told it not to."""
    if _commits_each(session):
        raise InvalidInput("put_within needs a transaction: this connection has the isolation level AUTOCOMMIT")
    try:
        sql, parameters = next(steps)
        while True:
            sql, parameters = steps.send(_execute(session, text(sql), parameters))
    except StopIteration as end:
        found: T = end.value
        return found


def _commits_each(session: Any) -> bool:
    """As drivers tell it, whoever has said so: the engine, the connection or the statement."""
    connection = session.connection() if callable(session.connection) else session
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))


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
