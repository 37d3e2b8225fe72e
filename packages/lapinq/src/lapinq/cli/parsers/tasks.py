"""Commands about tasks."""

import argparse
from typing import TYPE_CHECKING

from lapinq.cli import words
from lapinq.cli.parsers.arguments import (
    add_command,
    add_filters,
    add_group,
    add_imports,
    add_json,
    add_order,
    add_yes,
    offering,
)

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands


def add_task_parsers(commands: "Commands") -> None:
    actions = add_group(commands, "task", "Tasks of the database.", brief="list, read and change tasks")
    add_task_list_parser(actions)
    add_task_get_parser(actions)
    add_task_enqueue_parser(actions)
    add_task_cancel_parser(actions)
    add_task_requeue_parser(actions)
    add_task_delete_parser(actions)


def add_task_list_parser(actions: "Commands") -> None:
    parser = add_command(actions, "list", "tasks:list_tasks", "The newest tasks first.", brief="the newest tasks")
    add_filters(parser)
    parser.add_argument("-l", "--limit", type=int, default=20, help="so many; at most 1,000 (%(default)s)")
    add_json(parser)


def add_task_get_parser(actions: "Commands") -> None:
    parser = add_command(actions, "get", "tasks:get", "All about one task.", brief="one task")
    offering("tasks", parser.add_argument("task_id", help=_ID))
    add_json(parser)


def add_task_enqueue_parser(actions: "Commands") -> None:
    parser = add_command(
        actions, "enqueue", "enqueueing:enqueue", "Store a task, and print its id.", brief="store a task"
    )
    add_order(parser)
    text = "not before this instant (default: at once)"
    parser.add_argument("--scheduled-at", type=words.instant, metavar="ISO|+10m", help=text)
    text = "store it once: while a task with this key is kept, that one is the answer"
    parser.add_argument("--idempotency-key", metavar="KEY", help=text)
    parser.add_argument("--wait", action="store_true", help="until it is over, and print its result")
    parser.add_argument("--timeout", type=float, default=30, metavar="S", help="of --wait (%(default)s)")
    add_imports(parser)


def add_task_cancel_parser(actions: "Commands") -> None:
    text = "Cancel a pending task, or every one that meets conditions. With -s running: ask those that run to stop."
    parser = add_command(actions, "cancel", "changing:cancel", text, brief="cancel pending tasks")
    _add_one_or_many(parser)


def add_task_requeue_parser(actions: "Commands") -> None:
    text = "Make a failed task pending again, or every one that meets conditions."
    parser = add_command(actions, "requeue", "changing:requeue", text, brief="run failed tasks again")
    _add_one_or_many(parser)


def add_task_delete_parser(actions: "Commands") -> None:
    text = "Delete a task, or every one that meets conditions, whatever its status. What runs is stopped by its worker."
    parser = add_command(actions, "delete", "changing:delete", text, brief="delete tasks")
    _add_one_or_many(parser)


def _add_one_or_many(parser: argparse.ArgumentParser) -> None:
    offering("tasks", parser.add_argument("task_id", nargs="?", help=_ID))
    add_filters(parser)
    parser.add_argument("--all", action="store_true", help="every task that this can be done to")
    parser.add_argument("--dry-run", action="store_true", help="say how many these are, and change nothing")
    add_yes(parser)
    add_json(parser)


_ID = "its id, or 6 or more hex digits that only its id has"
