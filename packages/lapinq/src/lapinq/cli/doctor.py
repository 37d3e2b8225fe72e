"""doctor: whether this machine, with these options, can work on the queue."""

import argparse
import asyncio
import platform
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from taskcore.errors import TaskcoreError

from lapinq import __version__
from lapinq.cli.failures import ExitCode
from lapinq.cli.output import data
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import address, as_json, visible
from lapinq.imports import Imports
from lapinq.service import Service
from lapinq.settings import Settings

SKEW = 1.0
"""Seconds by which the clocks of this machine and of the database may differ."""
SHORT = 32
"""Characters of a secret below which it is worth a warning."""
ICONS = {"ok": "✓", "warning": "!", "failed": "✕"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``level`` is "ok", "warning" for what may be meant so, or "failed"."""

    check: str
    detail: str
    level: str = "ok"


def doctor(args: argparse.Namespace) -> int:
    found = asyncio.run(_all(args))
    if args.json:
        data(as_json([{"check": each.check, "level": each.level, "detail": each.detail} for each in found]))
    else:
        for each in found:
            data(f"{ICONS[each.level]} {each.check:<10} {visible(each.detail)}")
    return ExitCode.REFUSED if any(each.level == "failed" for each in found) else ExitCode.OK


async def _all(args: argparse.Namespace) -> list[Finding]:
    found = [Finding("versions", f"lapinq {__version__}, python {platform.python_version()}")]
    try:
        settings = settings_of(args)
    except TaskcoreError as error:
        return [*found, Finding("settings", str(error), "failed")]
    found += [_imports(settings), _key(settings), _secret(settings)]
    try:
        async with opened(settings) as service:
            found += [finding async for finding in _database(service, settings)]
    except TaskcoreError as error:
        found.append(Finding("database", str(error), "failed"))
    return found


def _imports(settings: Settings) -> Finding:
    roots = Imports.of(settings.imports)
    named = ", ".join([*map(str, roots.folders), *roots.packages])
    return Finding("imports", f"tasks of {named} are run")


def _key(settings: Settings) -> Finding:
    if settings.api_key is None:
        return Finding("api key", "LAPINQ_API_KEY is not set: only programs on this machine are answered", "warning")
    return Finding("api key", "LAPINQ_API_KEY is set")


def _secret(settings: Settings) -> Finding:
    if settings.session_secret is None:
        return Finding("secret", "LAPINQ_SESSION_SECRET is not set: sessions end with the server", "warning")
    if len(settings.session_secret) < SHORT:
        return Finding("secret", f"LAPINQ_SESSION_SECRET is shorter than {SHORT} characters", "warning")
    return Finding("secret", "LAPINQ_SESSION_SECRET is long enough")


async def _database(service: Service, settings: Settings) -> AsyncIterator[Finding]:
    begun = time.perf_counter()
    queues = await service.queues()
    took = (time.perf_counter() - begun) * 1000
    waiting = sum(queue.counts["pending"] for queue in queues)
    yield Finding("database", f"{address(settings.database_url)}: {waiting} pending, answered in {took:.1f} ms")
    before = datetime.now(UTC)
    skew = abs((await service.now() - before).total_seconds())
    level = "ok" if skew < SKEW else "warning"
    yield Finding("clock", f"differs from the database's by {skew * 1000:.0f} ms", level)
    workers = len(await service.store.workers())
    yield Finding("workers", f"{workers} there", "ok" if workers else "warning")
    schedules = len(await service.store.schedules())
    yield Finding("schedules", f"{schedules} followed")
