"""One transaction's view of the database: named tables, the time it runs at, and statements for many rows at once."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from taskcore.adapters.sql.rows import Row, number_key, text_key
from taskcore.clock import Clock, to_micros
from taskcore.ids import IdScheme, TaskId, task_ids

T = TypeVar("T")
_MOST = 256


class Session:
    """What the functions of this adapter work with.

    In their SQL ``{p}`` stands for the prefix of the tables, and ``{rows}`` for a list of values.

    Attributes:
        now: microseconds; read after the write lock was taken, so that waiting for it shortens no lease.
        key: turns a task's id into what the ``id`` column holds; an id that cannot exist into one that never does.
    """

    def __init__(self, connection: sqlite3.Connection, prefix: str, ids: IdScheme, clock: Clock) -> None:
        self.connection = connection
        self.prefix = prefix
        self.ids = ids
        self.now = 0
        self.key: Callable[[TaskId], str | int] = number_key if ids is IdScheme.NUMBERED else text_key
        self.fresh_ids: Iterator[TaskId] = task_ids(lambda: self.now * 1000)
        self._clock = clock
        self._texts: dict[str | tuple[str, int, int], str] = {}

    def look_at_clock(self) -> None:
        self.now = to_micros(self._clock.now())

    def execute(self, sql: str, parameters: Row = ()) -> sqlite3.Cursor:
        """Run one statement."""
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.replace("{p}", self.prefix)
        return self.connection.execute(text, parameters)

    def one(self, sql: str, parameters: Row = ()) -> Any:
        """The first column of the first row; None when there is none."""
        row = self.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def execute_rows(self, sql: str, rows: Sequence[Row], *parameters: object) -> int:
        """Run a statement for many rows, few statements in all; answer how many rows of a table it changed.

        Every step of a statement gives up the interpreter's lock and waits to get it back: 5 ms beside a busy thread
        (``sys.getswitchinterval``). One step a row, as ``executemany`` does, would make a batch of 500 take seconds.
        """
        changed, start = 0, 0
        while start < len(rows):
            size = min(_MOST, 1 << (len(rows) - start).bit_length() - 1)
            batch = rows[start : start + size]
            text = self._text_for_rows(sql, size, len(batch[0]))
            changed += self.connection.execute(text, [*chain.from_iterable(batch), *parameters]).rowcount
            start += size
        return changed

    def _text_for_rows(self, sql: str, size: int, width: int) -> str:
        # Only powers of two occur, so that a handful of prepared statements serves every batch.
        text = self._texts.get((sql, size, width))
        if text is None:
            row = f"({','.join('?' * width)})"
            text = sql.replace("{p}", self.prefix).replace("{rows}", ",".join([row] * size))
            self._texts[sql, size, width] = text
        return text

    def keys(self, tasks: Sequence[TaskId]) -> str:
        """Ids as a JSON array, for ``IN (SELECT value FROM json_each(?))``: one parameter for any number of them."""
        return json.dumps([self.key(task) for task in tasks], ensure_ascii=False)


def all_or_each(session: Session, items: Sequence[T], write: Callable[[Sequence[T]], int]) -> list[bool]:
    """Write items together, and tell which of them changed their row.

    Nearly always all do. Only where the count says otherwise, that is undone and each is written alone, in order.
    """
    if len(items) < 2:
        return [write([item]) == 1 for item in items]
    session.execute("SAVEPOINT together")
    changed = write(items)
    if changed != len(items):
        session.execute("ROLLBACK TO together")
    session.execute("RELEASE together")
    return [True] * len(items) if changed == len(items) else [write([item]) == 1 for item in items]
