"""queues: how much is in each, and whether its tasks are handed out."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from taskcore.models import WorkerInfo, WorkerState
from taskcore.models.task import check_name

from lapinq.cli.failures import ExitCode
from lapinq.cli.output import Column, Document, data, many
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import visible
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
    Column("paused", "Paused", only_piped=True),
)


def queues(args: argparse.Namespace) -> int:
    found = asyncio.run(_read(args))
    many(found, COLUMNS, as_document=args.json, nothing="No queues yet.")
    return ExitCode.OK


async def _read(args: argparse.Namespace) -> Sequence[Document]:
    async with opened(settings_of(args)) as service:
        there = await workers_there(service)
        paused = {control.queue for control in await service.store.controls() if control.paused}
        found = {stats.queue_name: stats.counts for stats in await service.queues()}
        empty = dict.fromkeys(STATUSES, 0)
    return [
        _document(queue, found.get(queue, empty), sum(serves(worker, queue) for worker in there), queue in paused)
        for queue in sorted(found.keys() | paused)
    ]


def _document(queue: str, counts: Mapping[str, int], workers: int, paused: bool) -> Document:
    state = "paused" if paused else "active" if workers or not counts["pending"] else "no worker"
    return {"queue_name": queue, **counts, "paused": paused, "state": state, "workers": workers}


async def workers_there(service: Service) -> Sequence[WorkerInfo]:
    """Those who spoke a moment ago and take work."""
    now = await service.now()
    seen = await service.store.workers()
    return [each.worker for each in seen if now - each.seen_at < SILENT and each.worker.state is WorkerState.ONLINE]


def serves(worker: WorkerInfo, queue: str) -> bool:
    """Whether it takes tasks of the queue."""
    return queue in worker.queues or ALL[0] in worker.queues


def pause(args: argparse.Namespace) -> int:
    return asyncio.run(_hold(args, "Paused"))


def resume(args: argparse.Namespace) -> int:
    return asyncio.run(_hold(args, "Resumed"))


async def _hold(args: argparse.Namespace, done: str) -> int:
    check_name("queue", args.queue)
    async with opened(settings_of(args)) as service:
        await (service.store.pause(args.queue) if done == "Paused" else service.store.resume(args.queue))
    data(f"{done} queue {visible(args.queue)}")
    return ExitCode.OK
