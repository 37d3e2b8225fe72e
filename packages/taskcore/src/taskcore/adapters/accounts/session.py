"""One transaction's view of the accounts: its statements, and the time."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Executable, literal, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from taskcore.adapters.accounts.dialects import Dialect
from taskcore.adapters.accounts.tables import Tables
from taskcore.adapters.sql.steps import Errors
from taskcore.clock import Clock, SystemClock, to_micros
from taskcore.ids import task_ids


class Place:
    """What all sessions of a store share. ``clock`` is None for the database's own time."""

    def __init__(self, tables: Tables, dialect: Dialect, errors: Errors, clock: Clock | None) -> None:
        self.tables = tables
        self.errors = errors
        self.newest = 0
        self.ids: Iterator[str] = task_ids(lambda: self.newest * 1000)
        self._now = dialect.now
        self._clock = clock

    def moment(self) -> ColumnElement[int]:
        """Microseconds, as a part of a statement."""
        if self._now is not None and self._clock is None:
            return literal_column(self._now, BigInteger)
        return literal(to_micros((self._clock or SystemClock()).now()), BigInteger)


class Session:
    """What the functions of this adapter work with.

    Attributes:
        has_begun: whether the database did anything for it yet.
    """

    def __init__(self, connection: AsyncConnection, place: Place) -> None:
        self._connection = connection
        self._place = place
        self.tables = place.tables
        self.errors = place.errors
        self.has_begun = False

    @property
    def moment(self) -> ColumnElement[int]:
        """The time, as a part of a statement."""
        return self._place.moment()

    async def now(self) -> int:
        """The time in microseconds."""
        now = int((await self.first(select(self.moment)))[0])
        self._place.newest = max(self._place.newest, now)
        return now

    def fresh_id(self) -> str:
        """An id that nobody has, which sorts by the last ``now``."""
        return next(self._place.ids)

    async def wait_turn(self) -> None:
        """What follows sees what all before it have done, and nobody comes in between who waits, too."""
        turns = self.tables.turns
        await self.change(update(turns).values(turn=turns.c.turn + 1))

    async def first(self, statement: Executable) -> Any:
        """The first row, or None."""
        return (await self._execute(statement)).first()

    async def rows(self, statement: Executable) -> Sequence[Any]:
        """Everything that a query finds."""
        found: Sequence[Any] = (await self._execute(statement)).all()
        return found

    async def change(self, statement: Executable) -> int:
        """Run what changes rows; answer how many it found."""
        found: int = (await self._execute(statement)).rowcount
        return found

    async def _execute(self, statement: Executable) -> Any:
        result = await self._connection.execute(statement)
        self.has_begun = True
        return result
