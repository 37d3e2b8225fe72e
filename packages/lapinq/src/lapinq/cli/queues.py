"""queues: how much is in each, and whether its tasks are handed out."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from taskcore.models import QueueControl, WorkerInfo, WorkerState
from taskcore.models.task import check_name

from lapinq.cli.failures import ExitCode
from lapinq.cli.noting import changing
from lapinq.cli.output import Column, Document, data, many
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import counted, visible
from lapinq.every_queue import ALL
from lapinq.service import Service
from lapinq.vocabulary import STATUSES

SILENT = timedelta(seconds=30)
"""Workers speak every few seconds."""
STATES = {"active": "▶ active", "paused": "⏸ paused", "no worker": "! no worker"}
COLUMNS = (
    Column("queue_name", "Queue"),
    Column("state", "State", lambda queue: STATES[queue["state"]]),
    *(Column(status, status.capitalize()) for status in STATUSES),
    Column("workers", "Workers"),
    Column("concurrency", "At once"),
    Column("paused", "Paused", only_piped=True),
)


def queues(args: argparse.Namespace) -> int:
    found = asyncio.run(_read(args))
    many(found, COLUMNS, as_document=args.json, nothing="No queues yet.")
    return ExitCode.OK


async def _read(args: argparse.Namespace) -> Sequence[Document]:
    async with opened(settings_of(args)) as service:
        there = await workers_there(service)
        controls = {control.queue: control for control in await service.store.controls()}
        found = {stats.queue_name: stats.counts for stats in await service.queues()}
    held = {queue for queue, control in controls.items() if control.paused or control.concurrency is not None}
    return [
        _document(
            controls.get(queue) or QueueControl(queue=queue),
            found.get(queue) or dict.fromkeys(STATUSES, 0),
            sum(serves(worker, queue) for worker in there),
        )
        for queue in sorted(found.keys() | held)
    ]


def _document(control: QueueControl, counts: Mapping[str, int], workers: int) -> Document:
    state = "paused" if control.paused else "active" if workers or not counts["pending"] else "no worker"
    held = {"paused": control.paused, "concurrency": control.concurrency}
    return {"queue_name": control.queue, **counts, **held, "state": state, "workers": workers}


async def workers_there(service: Service) -> Sequence[WorkerInfo]:
    """Those who spoke a moment ago and take work."""
    now = await service.now()
    seen = await service.store.workers()
    return [each.worker for each in seen if now - each.seen_at < SILENT and each.worker.state is WorkerState.ONLINE]


def serves(worker: WorkerInfo, queue: str) -> bool:
    """Whether it takes tasks of the queue."""
    return queue in worker.queues or ALL[0] in worker.queues


def pause(args: argparse.Namespace) -> int:
    return _hold(args, "pause", lambda service: service.store.pause(args.queue), f"Paused queue {visible(args.queue)}")


def resume(args: argparse.Namespace) -> int:
    return _hold(
        args, "resume", lambda service: service.store.resume(args.queue), f"Resumed queue {visible(args.queue)}"
    )


def limit(args: argparse.Namespace) -> int:
    told = "has no limit now" if args.concurrency is None else f"runs {counted(args.concurrency, 'task')} at once now"
    QueueControl(queue=args.queue, concurrency=args.concurrency)  # which checks them
    line = f"Queue {visible(args.queue)} {told}"
    return _hold(args, "limit", lambda service: service.store.limit(args.queue, args.concurrency), line)


def _hold(args: argparse.Namespace, action: str, change: Callable[[Service], Awaitable[object]], told: str) -> int:
    check_name("queue", args.queue)

    async def changed() -> None:
        async with changing(args) as there:
            await change(there.service)
            await there.note(f"queue.{action}", f"queue:{args.queue}", told)

    asyncio.run(changed())
    data(told)
    return ExitCode.OK
