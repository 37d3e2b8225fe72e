"""``python -m lapinq``, and the command ``lapinq``."""

from lapinq.cli.parsers import build_parser
from lapinq.cli.parsers.tasks import add_task_cancel_parser as _add_task_cancel_parser
from lapinq.cli.parsers.tasks import add_task_get_parser as _add_task_get_parser
from lapinq.cli.parsers.tasks import add_task_list_parser as _add_task_list_parser
from lapinq.cli.parsers.tasks import add_task_requeue_parser as _add_task_requeue_parser
from lapinq.cli.program import main

__all__ = [
    "_add_task_cancel_parser",
    "_add_task_get_parser",
    "_add_task_list_parser",
    "_add_task_requeue_parser",
    "build_parser",
    "main",
]

if __name__ == "__main__":
    main()
