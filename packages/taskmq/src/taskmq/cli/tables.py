"""Tables and progress bars for people, drawn by rich; import this module only when there is somebody to look."""

import os
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from taskmq.cli.output import Column, Document, on_terminal

_WIDE = 100_000  # where no terminal sets a limit, nothing is cut or wrapped


def print_table(documents: Sequence[Document], columns: Sequence[Column], *, header: bool) -> None:
    """Print one line a document."""
    table = Table(box=None, show_header=header, header_style="bold", padding=(0, 1))
    for column in columns:
        table.add_column(column.title or column.key, no_wrap=True, overflow="ellipsis" if column.shrink else "fold")
    for document in documents:
        table.add_row(*(Text(column.text(document)) for column in columns))
    _console().print(table)


def progress_bar() -> Progress:
    """A bar on stderr, which shows nothing where stderr is no terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=Console(file=sys.stderr), disable=not sys.stderr.isatty())


def _console() -> Console:
    # rich knows NO_COLOR, FORCE_COLOR, TERM and COLUMNS; CLICOLOR is left to us.
    no_color = True if os.environ.get("CLICOLOR") == "0" else None
    return Console(file=sys.stdout, highlight=False, no_color=no_color, width=None if on_terminal() else _WIDE)
