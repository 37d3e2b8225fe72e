"""The two places that a command writes to. stdout has the data: a table for a person, tab-separated lines for a pipe,
or JSON. All are drawn from the same documents.

``taskmq.cli.output`` is its twin.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lapinq.cli.text import as_json, cell

Document = Mapping[str, Any]
"""JSON values only."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``key`` of the document, and how a person reads it.

    Attributes:
        shrink: whether a terminal that is too narrow may cut it; never in a pipe. Only the last column can be such.
        only_piped: whether people are spared it, as another column shows it too.
    """

    key: str
    title: str
    show: Callable[[Document], str] | None = None
    shrink: bool = False
    only_piped: bool = False

    def text(self, document: Document) -> str:
        return self.show(document) if self.show else cell(document[self.key])


def data(text: object) -> None:
    """A line of what was asked for."""
    sys.stdout.write(f"{text}\n")


def message(text: object) -> None:
    """A line about what goes on, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def many(documents: Sequence[Document], columns: Sequence[Column], *, as_document: bool, nothing: str) -> None:
    """Print a list; ``nothing`` is what a person reads instead of an empty one."""
    if as_document:
        data(as_json(list(documents)))
    elif not sys.stdout.isatty():
        data("\t".join(column.key for column in columns))
        for document in documents:
            data("\t".join(cell(document[column.key]) for column in columns))
    elif not documents:
        data(nothing)
    else:
        from lapinq.cli.tables import print_table  # rich takes long to load, which a pipe need not wait for

        print_table(documents, [column for column in columns if not column.only_piped])


def one(document: Document, lines: Sequence[tuple[str, object]], *, as_document: bool) -> None:
    """Print one thing: names and values, one a line, or the whole of it as JSON."""
    if as_document:
        data(as_json(document))
        return
    width = max((len(name) for name, _ in lines), default=0) + 3
    for name, value in lines:
        data(f"{name and name + ':':<{width}}{cell(value)}".rstrip())


def done(document: Document, line: str, *, as_document: bool) -> None:
    """Say what a command has changed."""
    data(as_json(document) if as_document else line)
