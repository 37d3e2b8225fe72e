"""task list, get: what there is."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime

from taskcore.errors import TaskNotFound

from lapinq.cli.failures import ExitCode, Told
from lapinq.cli.output import Column, data
from lapinq.cli.session import id_of, opened, settings_of
from lapinq.cli.text import ago, as_json, visible
from lapinq.tables import Filter
from lapinq.task import Task

ICONS = {"pending": "○", "running": "●", "completed": "✓", "failed": "✕", "cancelled": "⊘", "expired": "◌"}
COLUMNS = (
    Column("id", "ID"),
    Column("state", "State"),
    Column("task", "Task"),
    Column("queue", "Queue"),
    Column("attempts", "Attempts"),
    Column("created", "Created"),
    Column("error", "Error", shrink=True),
)


def list_tasks(args: argparse.Namespace) -> int:
    tasks, now = asyncio.run(_list(args))
    if args.json:
        data(as_json([task.document() for task in tasks]))
    elif not tasks:
        data("No tasks found.")
    elif sys.stdout.isatty():
        from lapinq.cli.tables import print_table  # rich takes long to load, which a pipe need not wait for

        print_table([_row(task, now) for task in tasks], COLUMNS)
    else:
        for task in tasks:
            data(_line(task))
    return ExitCode.OK


async def _list(args: argparse.Namespace) -> tuple[Sequence[Task], datetime]:
    async with opened(settings_of(args)) as service:
        return (await service.list(filter_of(args), limit=args.limit)).items, await service.now()


def filter_of(args: argparse.Namespace) -> Filter:
    """The conditions of ``parsers.arguments.add_filters``."""
    return Filter(
        queue=args.queue,
        status=args.status,
        task_name=args.name,
        args=args.args,
        error=args.error,
        created_from=args.since,
        created_before=args.older,
    )


def _row(task: Task, now: datetime) -> dict[str, str]:
    """Ids are shown by their ends, which differ; they are enough for ``task get``."""
    return {
        "id": f"…{task.id.hex[-8:]}",
        "state": f"{ICONS[task.status]} {task.status}",
        "task": task.task_name,
        "queue": task.queue_name,
        "attempts": f"{task.attempts}/{max(1, task.max_retries)}",
        "created": ago(task.created_at, now),
        "error": task.error or "",
    }


def _line(task: Task) -> str:
    at = f"{task.created_at:%H:%M:%S}"
    return f"  {task.id}  {task.status:<12}  {visible(task.task_name):<20}  queue={visible(task.queue_name)}  {at}"


def get(args: argparse.Namespace) -> int:
    task = asyncio.run(_get(args))
    if args.json:
        data(as_json(task.document()))
    else:
        for name, value in _block(task):
            data(f"{name + ':':<12}{visible(value)}")
    return ExitCode.OK


async def _get(args: argparse.Namespace) -> Task:
    async with opened(settings_of(args)) as service:
        task = await id_of(service, args.task_id)
        try:
            return await service.get(task)
        except TaskNotFound:
            raise Told(f"Task {task} not found.", code="not_found") from None


def _block(task: Task) -> Sequence[tuple[str, object]]:
    """The lines about a task; the last ones only where there is something to say."""
    progress = None if task.progress is None else f"{task.progress:g}% {task.progress_message or ''}".rstrip()
    known: list[tuple[str, object]] = [
        ("ID", task.id),
        ("Name", task.task_name),
        ("Queue", task.queue_name),
        ("Status", task.status),
        ("Module", task.module_path),
        ("Args", json.dumps(task.args, ensure_ascii=False)),
        ("Kwargs", json.dumps(task.kwargs, ensure_ascii=False)),
        ("Attempts", task.attempts),
        ("Max retry", task.max_retries),
        ("Priority", task.priority),
    ]
    maybe = [
        ("Error", task.error),
        ("Result", task.result),
        ("Progress", progress),
        ("Metadata", json.dumps(task.metadata, ensure_ascii=False) if task.metadata else None),
        ("Created", task.created_at.isoformat()),
        ("Completed", task.completed_at and task.completed_at.isoformat()),
    ]
    return [*known, *((name, value) for name, value in maybe if value is not None)]
