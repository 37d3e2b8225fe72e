"""task enqueue: store a task, and on request wait for its end."""

import argparse
import asyncio
import time
from dataclasses import replace
from uuid import UUID

from lapinq.cli.failures import ExitCode, Failure
from lapinq.cli.ordering import order_of
from lapinq.cli.output import data, message
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import visible
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.task import Task

LOOK = 0.2
"""Seconds between two looks at the task that is waited for."""
WAITING = frozenset({"pending", "running"})


def enqueue(args: argparse.Namespace) -> int:
    return asyncio.run(_enqueue(args))


async def _enqueue(args: argparse.Namespace) -> int:
    asked = Order.from_json({**order_of(args), "scheduled_at": args.scheduled_at})
    order = replace(asked, idempotency_key=args.idempotency_key)
    async with opened(settings_of(args)) as service:
        task = await service.enqueue(order)
        data(task)
        return await _wait(service, task, args.timeout) if args.wait and task is not None else ExitCode.OK


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
