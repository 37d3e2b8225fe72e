"""task enqueue: store a task, and on request wait for its end."""

import argparse
import asyncio
import json
import time
from typing import Any
from uuid import UUID

from lapinq.cli.failures import ExitCode, Failure, bad_input
from lapinq.cli.output import data, message
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import visible
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.task import Task
from lapinq.vocabulary import function_of

LOOK = 0.2
"""Seconds between two looks at the task that is waited for."""
WAITING = frozenset({"pending", "running"})


def enqueue(args: argparse.Namespace) -> int:
    return asyncio.run(_enqueue(args))


async def _enqueue(args: argparse.Namespace) -> int:
    order = _order(args)
    async with opened(settings_of(args)) as service:
        task = await service.enqueue(order)
        data(task)
        return await _wait(service, task, args.timeout) if args.wait and task is not None else ExitCode.OK


def _order(args: argparse.Namespace) -> Order:
    module_path, task_name = function_of(args.function)
    if not task_name:
        raise bad_input(f'name the function as MODULE:FUNCTION, as in myapp.tasks:add, got "{args.function}"')
    return Order.from_json(
        {
            "task_name": task_name,
            "module_path": module_path,
            "queue_name": args.queue,
            "args": _json("--args", args.args),
            "kwargs": _json("--kwargs", args.kwargs),
            "priority": args.priority,
            "max_retries": args.max_retries,
        }
    )


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = """quote the whole value for your shell, as in --kwargs '{"video_id": 1}'"""
        raise bad_input(f"{option} must be JSON: {error}", hint=hint) from None


async def _wait(service: Service, task: UUID, timeout: float) -> int:
    """Tell on stderr what becomes of the task, and print its result."""
    until, told = time.monotonic() + timeout, None
    while (found := await service.get(task)).status in WAITING:
        if (line := _line(found)) != told:
            message(told := line)
        if time.monotonic() >= until:
            raise Failure(
                f"task {task} is {found.status} after {timeout:g} s",
                hint=f"it goes on; look again with: lapinq task get {task}",
                code="timed_out",
                exit_code=ExitCode.TIMED_OUT,
            )
        await asyncio.sleep(LOOK)
    message(_line(found))
    if found.status != "completed":
        raise Failure(f"task {task} is {found.status}: {found.error}", code=found.status)
    data(visible(found.result or "null"))
    return ExitCode.OK


def _line(task: Task) -> str:
    progress = "" if task.progress is None else f"  {task.progress:g}%  {visible(task.progress_message or '')}".rstrip()
    return f"{task.id} {task.status}{progress}"
