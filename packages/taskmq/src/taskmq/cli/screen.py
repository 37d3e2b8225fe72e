"""A whole terminal that is drawn anew, and the keys that are pressed there; import this only when there is one."""

import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from taskmq.cli.output import Column, Document
from taskmq.cli.text import colourless

with suppress(ImportError):  # there are none on Windows, where Ctrl+C is the one key
    import termios
    import tty


class Screen:
    """Takes the terminal over, and gives it back as it was; so it does when SIGTERM ends the program meanwhile."""

    def __init__(self) -> None:
        console = Console(file=sys.stdout, highlight=False, no_color=colourless())
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._reads_keys = "termios" in globals() and sys.stdin.isatty()

    def __enter__(self) -> Self:
        with ExitStack() as undone:
            undone.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _end))
            if self._reads_keys:
                undone.callback(termios.tcsetattr, sys.stdin, termios.TCSANOW, termios.tcgetattr(sys.stdin))
                tty.setcbreak(sys.stdin, termios.TCSANOW)  # keys come one by one, and none is shown
            undone.callback(self._live.stop)
            self._live.start()
            self._undone = undone.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undone.close()

    @property
    def way_out(self) -> str:
        """How a person ends this."""
        return "q quits" if self._reads_keys else "Ctrl+C quits"

    def show(self, title: str, tables: Sequence[tuple[Sequence[Column], Sequence[Document]]]) -> None:
        """Draw a line and some tables below each other."""
        drawn = [_table(columns, documents) for columns, documents in tables]
        self._live.update(
            Group(Text(title, style="dim"), *(part for table in drawn for part in ("", table))), refresh=True
        )

    def key(self, within: float) -> str:
        """The next key that is pressed; "" when there is none in so many seconds."""
        if self._reads_keys:
            ready, _, _ = select.select([sys.stdin], [], [], within)
            # Not by way of ``sys.stdin``, which would take all keys at once where select cannot see them.
            return os.read(sys.stdin.fileno(), 1).decode(errors="replace") if ready else ""
        time.sleep(within)
        return ""


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _table(columns: Sequence[Column], documents: Sequence[Document]) -> Table:
    shown = [column for column in columns if not column.only_piped]
    table = Table(box=None, header_style="bold", padding=(0, 1))
    for column in shown:
        table.add_column(column.title or column.key, no_wrap=True)
    for document in documents:
        table.add_row(*(Text(column.text(document)) for column in shown))
    return table
