"""Tables for people, drawn by rich; import this module only when there is somebody to look.

``taskmq.cli.tables`` is its twin.
"""

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lapinq.cli.output import Column, Document
from lapinq.cli.text import colourless

_PADDING = 1


def print_table(documents: Sequence[Document], columns: Sequence[Column]) -> None:
    """Print one line a document. Only columns that may shrink are cut, to what the others leave of the terminal; where
    they leave nothing, the terminal breaks the lines: what is copied from there is still whole."""
    console = Console(file=sys.stdout, highlight=False, no_color=colourless())
    rows = [[Text(column.text(document)) for column in columns] for document in documents]
    table = Table(box=None, header_style="bold", padding=(0, _PADDING))
    for column in columns:
        table.add_column(column.title, no_wrap=True)
    room = console.width
    for place, column in enumerate(columns):
        if column.shrink:
            for row in rows:
                row[place].truncate(max(room - 2 * _PADDING, _PADDING), overflow="ellipsis")
        room -= max(cell_len(column.title), *(row[place].cell_len for row in rows), 0) + 2 * _PADDING
    console.width = max(console.width, console.width - room)
    for row in rows:
        table.add_row(*row)
    console.print(table)
