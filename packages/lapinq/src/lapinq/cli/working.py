"""worker, scheduler, execute: processes that run tasks or put them."""

import argparse
import asyncio
import signal
from typing import Any

from taskcore.engine.announcer import Tally
from taskcore.engine.garbage import rare_collections
from taskcore.engine.signals import on_signals
from taskcore.errors import TaskNotFound

from lapinq.cli.failures import ExitCode, Failure, Told
from lapinq.cli.output import data, message
from lapinq.cli.session import id_of, opened, settings_of
from lapinq.cli.text import address
from lapinq.errors import RetryError
from lapinq.every_queue import ALL
from lapinq.execute import call
from lapinq.imports import Imports
from lapinq.log import configure_logging
from lapinq.scheduler import TICK, scheduling
from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.worker import work_until_signalled
from lapinq.working import WorkPlan


def worker(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    plan = WorkPlan(
        queues=tuple(dict.fromkeys(args.queue)) or ALL,
        concurrency=args.concurrency,
        poll_interval=args.poll_interval,
        task_timeout=args.task_timeout,
        grace=args.grace,
        is_isolated=args.isolation == "process",
        most=args.max_tasks,
    )
    plan.options(settings)  # what is wrong with it is said before the database is looked for
    configure_logging(settings)
    message(f"worker: {plan.concurrency} slots, queues {', '.join(plan.queues)}, {address(settings.database_url)}")
    with rare_collections():
        tally = asyncio.run(work_until_signalled(settings, plan, until_idle=args.until_idle))
    message(_summary(tally))
    return ExitCode.OK


def _summary(tally: Tally) -> str:
    ended = tally.succeeded + tally.failed + tally.retried + tally.cancelled
    return f"Stopped. Ran {ended} ({tally.succeeded} completed), gave {tally.released} back."


def scheduler(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    configure_logging(settings)
    asyncio.run(_schedule(settings))
    return ExitCode.OK


async def _schedule(settings: Settings) -> None:
    storage = await Storage.open(settings)
    stopped = asyncio.Event()

    def on_signal(_: signal.Signals, times: int) -> None:
        stopped.set()

    try:
        with on_signals(on_signal):
            async with scheduling(storage.service, TICK.total_seconds()):
                message(f"scheduler: {address(settings.database_url)}")
                await stopped.wait()
    finally:
        await storage.close()


def execute(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    imports = Imports.of(settings.imports)
    imports.install()
    task_data = asyncio.run(_task_data(args, settings))
    try:
        value = asyncio.run(call(imports, task_data))
    except RetryError as error:
        message(f"the task asks to be run again: {error}")
        return ExitCode.OK
    except (Exception, SystemExit) as error:
        raise Failure(f"{type(error).__name__}: {error}", code="task_failed") from error
    data(value)
    return ExitCode.OK


async def _task_data(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    async with opened(settings) as service:
        task = await id_of(service, args.task_id)
        try:
            return (await service.get(task)).row()
        except TaskNotFound:
            raise Told(f"Task {task} not found.", code="not_found") from None
