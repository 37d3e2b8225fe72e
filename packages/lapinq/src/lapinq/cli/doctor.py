"""doctor: whether this machine, with these options, can work on the queue. Nothing is changed by looking."""

import argparse
import asyncio
import platform
from collections.abc import AsyncIterator

from taskcore.errors import TaskcoreError

from lapinq import __version__
from lapinq.cli.database import kept, look_at, schema
from lapinq.cli.failures import Failure
from lapinq.cli.findings import Finding, tell
from lapinq.cli.health import of_server, of_service
from lapinq.cli.session import opened, settings_of
from lapinq.imports import Imports
from lapinq.settings import Settings

SHORT = 32
"""Characters of a secret below which it is worth a warning."""


def doctor(args: argparse.Namespace) -> int:
    return tell(args, asyncio.run(_all(args)))


async def _all(args: argparse.Namespace) -> list[Finding]:
    found = [Finding("versions", f"lapinq {__version__}, python {platform.python_version()}")]
    try:
        settings = settings_of(args)
        found += [_imports(settings), _key(settings), _secret(settings), _retention(settings)]
    except (TaskcoreError, Failure) as error:
        return [*found, Finding("settings", str(error), "failed")]
    try:
        found += [finding async for finding in _database(settings)]
    except TaskcoreError as error:
        found.append(Finding("database", str(error), "failed"))
    return found


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    for finding in await of_server(settings):
        yield finding
    look = await look_at(settings)
    yield schema(look)
    if look.state == "current":  # or opening it would migrate it
        async with opened(settings) as service:
            for finding in await of_service(service, settings):
                yield finding


def _imports(settings: Settings) -> Finding:
    roots = Imports.of(settings.imports)
    named = ", ".join([*map(str, roots.folders), *roots.packages])
    return Finding("imports", f"tasks of {named} are run")


def _key(settings: Settings) -> Finding:
    if settings.api_key is None:
        return Finding("api key", "LAPINQ_API_KEY is not set: only programs on this machine are answered", "warning")
    if len(settings.api_key) < SHORT:
        return Finding("api key", f"LAPINQ_API_KEY is shorter than {SHORT} characters", "warning")
    return Finding("api key", "LAPINQ_API_KEY is long enough")


def _secret(settings: Settings) -> Finding:
    if settings.session_secret is None:
        return Finding("secret", "LAPINQ_SESSION_SECRET is not set: sessions end with the server", "warning")
    if len(settings.session_secret) < SHORT:
        return Finding("secret", f"LAPINQ_SESSION_SECRET is shorter than {SHORT} characters", "warning")
    return Finding("secret", "LAPINQ_SESSION_SECRET is long enough")


def _retention(settings: Settings) -> Finding:
    if not settings.retention:
        told = "LAPINQ_RETENTION is not set: finished tasks are kept for ever, unless a server archives them"
        return Finding("retention", told, "warning")
    return Finding("retention", f"finished tasks are kept: {kept(settings)}")
