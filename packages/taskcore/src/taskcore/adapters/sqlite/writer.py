"""The lane that writes. Calls that come while a commit is under way share the next one: a commit waits for the disk."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from taskcore.adapters.sqlite.errors import translation
from taskcore.adapters.sqlite.lane import Lane
from taskcore.adapters.sqlite.session import Session

P = ParamSpec("P")
T = TypeVar("T")

_MOST = 64
"""Calls in a transaction, so that no other process waits long for its turn."""

# What the values of one call are to blame for; any other driver error is everybody's.
_OF_ITS_OWN = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


@dataclass(slots=True, eq=False)
class _Call:
    """What somebody asked for, and what came of it; it counts once the transaction is committed."""

    work: Callable[[], Any]
    answer: Future[Any] = field(default_factory=Future)
    result: Any = None
    error: Exception | None = None


class Writer(Lane):
    """Each function that it runs is one step: committed as a whole when ``run`` returns, or without any effect."""

    def __init__(self, path: str, patience: float) -> None:
        super().__init__(path, "writer", patience)
        self._calls: deque[_Call] = deque()

    async def run(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that writes, again from its start when others hold the database.

        Raises:
            StoreError: the database could not be used, or others kept it locked.
        """
        session = self._usable_session()
        call = _Call(partial(work, session, *args, **kwargs))
        self._calls.append(call)
        self._thread.submit(self._commit_calls, session)
        return cast("T", await asyncio.wrap_future(call.answer))

    def _commit_calls(self, session: Session) -> None:
        """Do all that was asked for by now; the turns of those calls then find nothing to do."""
        calls = self._next_calls()
        if not calls:
            return
        try:
            self._patiently(lambda: _transaction(session, calls))
        except Exception as error:
            for call in calls:
                call.answer.set_exception(error)
        else:
            for call in calls:
                self._tell(call)

    def _next_calls(self) -> list[_Call]:
        calls = [self._calls.popleft() for _ in range(min(len(self._calls), _MOST))]
        return [call for call in calls if call.answer.set_running_or_notify_cancel()]

    def _tell(self, call: _Call) -> None:
        if call.error is None:
            call.answer.set_result(call.result)
        else:
            call.answer.set_exception(translation(call.error, self._path, self._patience))


def _transaction(session: Session, calls: Sequence[_Call]) -> None:
    connection = session.connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        session.look_at_clock()
        if len(calls) == 1:
            calls[0].result = calls[0].work()
        else:
            for call in calls:
                _do_apart(session, call)
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors; what counts is the one that is under way.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _do_apart(session: Session, call: _Call) -> None:
    """Do one of several calls; when it fails it leaves nothing behind, and the others go on."""
    session.execute("SAVEPOINT call")
    call.error = None
    try:
        call.result = call.work()
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, _OF_ITS_OWN):
            raise
        call.error = error
        session.execute("ROLLBACK TO call")
    session.execute("RELEASE call")
