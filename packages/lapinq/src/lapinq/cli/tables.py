"""Tables for people, drawn by rich; import this module only when there is somebody to look."""

import sys
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lapinq.cli.text import colourless, rough, visible
from lapinq.task import Task

_ICONS = {"pending": "○", "running": "●", "completed": "✓", "failed": "✕", "cancelled": "⊘", "expired": "◌"}


def print_tasks(tasks: Sequence[Task], now: datetime) -> None:
    """One line a task. Ids are shown by their ends, which differ; they are enough for ``task get``."""
    table = Table(box=None, header_style="bold", padding=(0, 1))
    for title in ("ID", "State", "Task", "Queue", "Attempts", "Created"):
        table.add_column(title, no_wrap=True)
    table.add_column("Error", no_wrap=True, overflow="ellipsis")
    for task in tasks:
        ago = f"{rough((now - task.created_at).total_seconds())} ago"
        cells = (
            f"…{task.id.hex[-8:]}",
            f"{_ICONS[task.status]} {task.status}",
            task.task_name,
            task.queue_name,
            f"{task.attempts}/{max(1, task.max_retries)}",
            ago,
            task.error or "",
        )
        table.add_row(*(Text(visible(cell)) for cell in cells))
    Console(file=sys.stdout, highlight=False, no_color=colourless()).print(table)
