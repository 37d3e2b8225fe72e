"""One transaction's view of a store on a server: its statements, the time it runs at, and many rows at once."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, Executable, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from taskcore.adapters.sql.errors import Translator
from taskcore.adapters.sql.many_rows import ManyRows
from taskcore.adapters.sql.rows import Row
from taskcore.adapters.sql.schema import Schema
from taskcore.adapters.sql.statements import Statements
from taskcore.clock import Clock, to_micros
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, task_ids


class Tables:
    """What all sessions of a store share.

    Attributes:
        largest: bytes that the texts of one row may have; nobody could read it otherwise.
    """

    def __init__(self, schema: Schema, errors: Translator, clock: Clock | None) -> None:
        self.schema = schema
        self.sql = Statements(schema)
        self.errors = errors
        self.largest = 0
        self._clock = clock
        self.newest = 0
        self.fresh_ids: Iterator[TaskId] = task_ids(lambda: self.newest * 1000)

    def test_time(self) -> int | None:
        """Microseconds; None outside of tests, where the server's clock counts."""
        return None if self._clock is None else to_micros(self._clock.now())


class Glance(NamedTuple):
    """The time, whether tasks have become due by it, and whether any queue is held back."""

    now: int
    due: bool
    held_back: bool


class Session:
    """What the functions of this adapter work with.

    Attributes:
        has_begun: whether the server did anything for it yet.
    """

    def __init__(self, connection: AsyncConnection, tables: Tables) -> None:
        self.connection = connection
        self.tables = tables
        self.schema = tables.schema
        self.sql = tables.sql
        self.has_begun = False
        self._glance: Glance | None = None
        self._now: int | None = None

    async def now(self) -> int:
        """The time of this transaction in microseconds, by the server's clock or a test's; asked for once."""
        if self._now is None:
            self._now = int((await self.first(self.sql.now, at=self.tables.test_time())).now)
            self.tables.newest = max(self.tables.newest, self._now)
        return self._now

    async def glance(self) -> Glance:
        """What a claim must know first; asked for once, and in place of ``now``."""
        if self._glance is None:
            now, due, held_back = await self.first(self.sql.glance, at=self.tables.test_time())
            self._now = int(now)
            self._glance = Glance(self._now, due == 1, held_back == 1)
        return self._glance

    async def fresh_ids(self) -> Iterator[TaskId]:
        """Ids that nobody has, which begin with the time of this transaction or a later one."""
        await self.now()
        return self.tables.fresh_ids

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement, for one or many rows."""
        result = await self.connection.execute(statement, parameters)
        self.has_begun = True
        return result

    async def rows(self, statement: Executable, **parameters: object) -> Sequence[Any]:
        """Everything that a query finds."""
        return (await self.execute(statement, parameters)).all()

    async def first(self, statement: Executable, **parameters: object) -> Any:
        """The first row, or None."""
        return (await self.execute(statement, parameters)).first()

    async def change(self, statement: Executable, **parameters: object) -> int:
        """Run what changes rows; answer how many it found."""
        return (await self.execute(statement, parameters)).rowcount

    async def change_rows(self, many: ManyRows, rows: Sequence[Row]) -> None:
        """Give each row, which is there and locked, values of its own."""
        for statement, parameters in many.statements(rows, self.connection.dialect):
            await self.connection.exec_driver_sql(statement, parameters)

    async def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many rows; the driver makes few statements of them."""
        if rows:
            await self.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])

    def check_size(self, *texts: str | None) -> None:
        """Refuse a row that the server would not take, or not give back.

        Raises:
            InvalidInput: its texts have too many bytes.
        """
        characters = sum(len(each) for each in texts if each is not None)
        if 4 * characters <= self.tables.largest:
            return
        size = sum(len(each.encode()) for each in texts if each is not None)
        if size > self.tables.largest:
            raise InvalidInput(
                f"a task's texts take {size:,} bytes, and {self.tables.errors.place} is asked to hold at most "
                f"{self.tables.largest:,}, a quarter of its max_allowed_packet; raise that, or store a reference"
            )
