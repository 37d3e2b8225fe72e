"""server: a process that answers over HTTP, and on request works and schedules too."""

import argparse
import asyncio
import os
from typing import TYPE_CHECKING

from lapinq.cli.failures import ExitCode, bad_input
from lapinq.cli.output import message
from lapinq.cli.session import EMBEDDED, settings_of
from lapinq.cli.text import address
from lapinq.log import configure_logging
from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.working import WorkPlan

if TYPE_CHECKING:
    from starlette.applications import Starlette

EVERYWHERE = "0.0.0.0"  # noqa: S104  # compared with, to listen at less


def server(args: argparse.Namespace) -> ExitCode:
    from lapinq.cli.listening import serve

    if args.dev:
        _for_a_trial(args)
    _check(args)
    settings = settings_of(args)
    configure_logging(settings)
    asyncio.run(_reach(settings))
    app = _app(args, settings)
    _announce(args, settings)
    return serve(app, args.host, args.port)


def _for_a_trial(args: argparse.Namespace) -> None:
    args.worker = args.scheduler = True
    args.host = "127.0.0.1" if args.host == EVERYWHERE else args.host
    args.database_url = args.database_url or EMBEDDED


def _check(args: argparse.Namespace) -> None:
    if not 0 <= args.port <= 65_535:
        raise bad_input(f"--port must be from 0 to 65535, got {args.port}")
    if args.worker_concurrency < 1:
        raise bad_input(f"--worker-concurrency must be 1 or more, got {args.worker_concurrency}")
    WorkPlan(poll_interval=args.worker_poll_interval, task_timeout=args.worker_timeout)
    for option in ("cleanup_interval", "archive_max_age_days", "scheduler_interval"):
        if not 0 <= getattr(args, option) <= 1e6:
            raise bad_input(f"--{option.replace('_', '-')} must be from 0 to 1000000, got {getattr(args, option)}")


async def _reach(settings: Settings) -> None:
    """Wait for the database, and bring its tables to this release, before anything listens."""
    await (await Storage.open(settings)).close()


def _app(args: argparse.Namespace, settings: Settings) -> "Starlette":
    from lapinq.server import create_app

    if args.imports:  # an option wins over the environment by becoming it
        os.environ["LAPINQ_IMPORT"] = ",".join(args.imports)
    return create_app(
        database_url=settings.database_url,
        worker=args.worker,
        worker_concurrency=args.worker_concurrency,
        worker_poll_interval=args.worker_poll_interval,
        worker_timeout=args.worker_timeout,
        cleanup_interval=args.cleanup_interval,
        archive_max_age_days=args.archive_max_age_days,
        scheduler=args.scheduler,
        scheduler_interval=args.scheduler_interval,
        insecure=args.insecure,
        webhook_allow_private=args.webhook_allow_private,
    )


def _announce(args: argparse.Namespace, settings: Settings) -> None:
    parts = [*(["worker"] if args.worker else []), *(["scheduler"] if args.scheduler else [])]
    answered = "with the API key" if settings.api_key else "everybody" if args.insecure else "programs on this machine"
    lines = [
        f"lapinq: http://{args.host}:{args.port}  (API {settings.api_prefix}, metrics /metrics)",
        f"  database  {address(settings.database_url)}",
        f"  answers   {answered}",
        f"  inside    {', '.join(parts) or 'neither worker nor scheduler'}",
    ]
    if args.dev:
        lines.append("  shell     export LAPINQ_DATABASE_URL=embedded  (here, so that other commands find it)")
    message("\n".join(lines))
