"""What goes to stdout: the data, in the form that was asked for.

Nobody asked: a table for a person, tab-separated lines for a pipe. A document holds JSON values only; every form is
drawn from the same documents, so no form knows more than ``--json``.

``lapinq.cli.output`` is its twin.
"""

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import click

from taskmq.cli.params import names
from taskmq.cli.text import as_json, cell

Document = Mapping[str, Any]
R = TypeVar("R")


class Format(StrEnum):
    """The forms of ``--format``."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``key`` of the document, and how a person reads it."""

    key: str
    title: str | None = None
    show: Callable[[Document], str] | None = None
    shrink: bool = False
    """Whether a terminal that is too narrow may cut it; never in a pipe. Only the last column can be such."""
    only_piped: bool = False
    """Whether people are spared it, as another column shows it too."""

    def text(self, document: Document) -> str:
        return self.show(document) if self.show else cell(document[self.key])


@dataclass(frozen=True, slots=True)
class Output:
    """How the user wants the data. ``format`` is None when nobody said."""

    format: Format | None = None
    header: bool = True
    ids_only: bool = False
    columns: tuple[str, ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether a form was asked for; the verbs of old print their own lines otherwise."""
        return self.format is not None or self.ids_only

    @property
    def is_document(self) -> bool:
        """Whether all goes out as one JSON document."""
        return self.format is Format.JSON and not self.ids_only

    def one(self, document: Document, columns: Sequence[Column]) -> None:
        """Print one thing."""
        if self.is_document and not self.columns:
            click.echo(as_json(document, indent=2))
        else:
            self.many([document], columns)

    def many(self, documents: Sequence[Document], columns: Sequence[Column], **about: object) -> None:
        """Print a list. In JSON it is ``items`` of an object, beside what is known ``about`` it."""
        if self.ids_only:
            _echo_lines([cell(document[columns[0].key]) for document in documents])
            return
        if self.columns:
            columns = _chosen(self.columns, columns, documents)
            documents = [{column.key: document[column.key] for column in columns} for document in documents]
        match self.format or (Format.TABLE if on_terminal() else Format.TSV):
            case Format.JSON:
                click.echo(as_json({"items": list(documents), **about}, indent=2))
            case Format.JSONL:
                _echo_lines([as_json(document) for document in documents])
            case Format.TSV:
                _echo_lines(self._tsv(documents, columns))
            case Format.TABLE:
                from taskmq.cli.tables import print_table  # rich costs 60 ms, which a pipe need not pay

                print_table(documents, [each for each in columns if not each.only_piped], header=self.header)

    def _tsv(self, documents: Sequence[Document], columns: Sequence[Column]) -> list[str]:
        header = ["\t".join(column.key for column in columns)] if self.header else []
        return [*header, *("\t".join(cell(document[column.key]) for column in columns) for document in documents)]


def output_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of this module to a command, which receives them as ``output``."""

    @click.option("--json", "as_document", is_flag=True, help="Print one JSON document; errors too.")
    @click.option("--format", "form", type=click.Choice([form.value for form in Format]), help="Choose the form.")
    @click.option("--no-header", is_flag=True, help="Leave the header line out.")
    @click.option("--columns", type=names, metavar="A,B", help="These fields, in this order.")
    @click.option("-q", "--quiet", is_flag=True, help="Print ids only, one a line.")
    @functools.wraps(command)
    def gathered(
        *args: object,
        as_document: bool,
        form: str | None,
        no_header: bool,
        columns: tuple[str, ...] | None,
        quiet: bool,
        **options: object,
    ) -> R:
        if as_document and form not in {None, Format.JSON}:
            raise click.UsageError(f"--json and --format {form} exclude each other")
        chosen = Format.JSON if as_document else Format(form) if form else None
        return command(*args, output=Output(chosen, not no_header, quiet, columns or ()), **options)

    return gathered


def _chosen(keys: Sequence[str], columns: Sequence[Column], documents: Sequence[Document]) -> Sequence[Column]:
    """The columns of these keys, which may be any of the documents; an unknown one is a usage error."""
    usual = {column.key: column for column in columns}
    known = dict.fromkeys([*usual, *(documents[0] if documents else ())])
    if documents and (unknown := [key for key in keys if key not in known]):
        raise click.UsageError(f"there is no column {unknown[0][:40]!r}; there are {', '.join(known)}")
    return [usual.get(key, Column(key)) for key in keys]


def on_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


def _echo_lines(lines: Sequence[str]) -> None:
    if lines:
        click.echo("\n".join(lines))
