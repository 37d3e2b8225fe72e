"""queues: how much is in each, and whether its tasks are handed out."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

from taskcore.models.task import check_name

from lapinq.cli.failures import ExitCode
from lapinq.cli.output import data
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import as_json, visible


def queues(args: argparse.Namespace) -> int:
    found = asyncio.run(_read(args))
    if args.json:
        data(as_json(found))
    elif found:
        data("\t".join(found[0]))
        for queue in found:
            data("\t".join(visible(value) for value in queue.values()))
    else:
        data("No queues yet.")
    return ExitCode.OK


async def _read(args: argparse.Namespace) -> Sequence[dict[str, Any]]:
    async with opened(settings_of(args)) as service:
        paused = {control.queue for control in await service.store.controls() if control.paused}
        return [{**stats.document(), "paused": stats.queue_name in paused} for stats in await service.queues()]


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
