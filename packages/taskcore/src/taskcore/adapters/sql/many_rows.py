"""One UPDATE that gives each of many rows values of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Dialect, bindparam, case

from taskcore.adapters.sql.rows import Row
from taskcore.adapters.sql.schema import Schema

Own = Callable[[str], ColumnElement[Any]]
"""What a row gets, by the name of a value."""

_MOST_ROWS = 128
"""A server compares each row with half of the keys."""
_MOST_TEXT = 1_000_000
"""Characters in a statement, unless a single row has more."""


class ManyRows:
    """Changes tasks by their ids.

    A row is the id and then ``values``, named after columns. The texts are compiled once for each power of two, so that
    a handful of them serves every batch and SQLAlchemy has nothing to work out for a thousand parameters; the last row
    fills the places that are left.
    """

    def __init__(
        self, schema: Schema, values: Sequence[str], changes: Callable[[Own], Mapping[str, ColumnElement[Any]]]
    ) -> None:
        self._schema = schema
        self._values = values
        self._changes = changes
        self._texts: dict[int, tuple[str, list[int], list[object]]] = {}

    def statements(self, rows: Sequence[Row], dialect: Dialect) -> Iterator[tuple[str, tuple[object, ...]]]:
        """Texts in the driver's own language, with their parameters in order."""
        start = 0
        while start < len(rows):
            batch = rows[start : start + _fitting(rows[start : start + _MOST_ROWS])]
            size = 1 << (len(batch) - 1).bit_length()
            if size not in self._texts:
                self._texts[size] = self._compiled(size, dialect)
            text, order, constants = self._texts[size]
            flat = [*chain(*batch, *[batch[-1]] * (size - len(batch))), *constants]
            yield text, tuple([flat[place] for place in order])
            start += len(batch)

    def _compiled(self, size: int, dialect: Dialect) -> tuple[str, list[int], list[object]]:
        tasks = self._schema.tasks
        keys = [bindparam(f"id_{n}", type_=tasks.c.id.type) for n in range(size)]

        def own(value: str) -> ColumnElement[Any]:
            given = [bindparam(f"{value}_{n}", type_=tasks.c[value].type) for n in range(size)]
            return case(*zip(keys, given, strict=True), value=tasks.c.id)

        statement = tasks.update().where(tasks.c.id.in_(keys)).values(self._changes(own))
        compiled = self._schema.change_by_key(statement, tasks).compile(dialect=dialect)
        given = [f"{value}_{n}" for n in range(size) for value in ("id", *self._values)]
        constants = {name: value for name, value in compiled.params.items() if name not in given}
        places = {name: place for place, name in enumerate([*given, *constants])}
        return str(compiled), [places[name] for name in compiled.positiontup or ()], [*constants.values()]


def _fitting(rows: Sequence[Row]) -> int:
    """How many of ``rows`` one statement has room for, at least one."""
    text = 0
    for number, row in enumerate(rows):
        text += sum(len(value) for value in row if isinstance(value, str))
        if number and text > _MOST_TEXT:
            return number
    return len(rows)
