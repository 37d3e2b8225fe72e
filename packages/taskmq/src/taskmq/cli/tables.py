"""Tables and progress bars for people, drawn by rich; import this module only when there is somebody to look.

``lapinq.cli.tables`` is its twin.
"""

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from taskmq.cli.output import Column, Document, on_terminal
from taskmq.cli.text import colourless

_PADDING = 1
_WIDE = 100_000  # where no terminal sets a limit, nothing is cut or wrapped


def print_table(documents: Sequence[Document], columns: Sequence[Column], *, header: bool) -> None:
    """Print one line a document. Only columns that may shrink are cut, to what the others leave of the terminal.

    Where they leave nothing, the terminal breaks the lines: what is copied from there is still whole.
    """
    console = _console()
    rows = [[Text(column.text(document)) for column in columns] for document in documents]
    table = Table(box=None, show_header=header, header_style="bold", padding=(0, _PADDING))
    for column in columns:
        table.add_column(column.title or column.key, no_wrap=True)
    room = console.width
    for place, column in enumerate(columns):
        if column.shrink:
            for row in rows:
                row[place].truncate(max(room - 2 * _PADDING, _PADDING), overflow="ellipsis")
        room -= max(cell_len(column.title or column.key), *(row[place].cell_len for row in rows), 0) + 2 * _PADDING
    console.width = max(console.width, console.width - room)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def progress_bar() -> Progress:
    """A bar on stderr, which shows nothing where stderr is no terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=Console(file=sys.stderr), disable=not sys.stderr.isatty())


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, no_color=colourless(), width=None if on_terminal() else _WIDE)
