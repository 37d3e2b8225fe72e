"""What Tab offers: what the database has of names and ids, if it answers at once; nothing otherwise.

``taskmq.cli.completing`` is its twin.
"""

# ruff: noqa: S608 - statements are put together from constants alone
import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress

from lapinq import wiring
from lapinq.cli.failures import ExitCode
from lapinq.cli.output import data
from lapinq.cli.session import EMBEDDED, settings_of
from lapinq.schema.names import ACCOUNTS, CORE, HOOKS, SCHEDULED, WEBHOOK_ENDPOINTS
from lapinq.settings import Settings
from lapinq.webhooks.message import MESSAGE

PATIENCE = 0.3
"""Seconds to wait for the database."""
NEWEST = 200

_FOUND = {
    "queues": f"SELECT DISTINCT queue FROM {CORE}_counts ORDER BY 1 LIMIT {NEWEST}",
    "tasks": f"SELECT id FROM {CORE}_tasks ORDER BY id DESC LIMIT {NEWEST}",
    "schedules": f"SELECT id::text FROM {SCHEDULED} ORDER BY created_at DESC LIMIT {NEWEST}",
    "deliveries": f"SELECT '{MESSAGE}' || id FROM {HOOKS}_tasks ORDER BY id DESC LIMIT {NEWEST}",
    "endpoints": f"SELECT url FROM {WEBHOOK_ENDPOINTS} ORDER BY 1 LIMIT {NEWEST}",
    "users": f"SELECT name FROM {ACCOUNTS}_users ORDER BY 1 LIMIT {NEWEST}",
    "keys": f"SELECT prefix FROM {ACCOUNTS}_keys WHERE revoked_at IS NULL ORDER BY id DESC LIMIT {NEWEST}",
}


def completion(args: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    data(shellcode(["lapinq"], shell=args.shell))
    return ExitCode.OK


def found(kind: str, args: argparse.Namespace) -> Sequence[str]:
    """Names of a kind. Whatever goes wrong is nobody's business while they type."""
    with suppress(Exception):
        settings = settings_of(args, embedded=False)
        if settings.database_url != EMBEDDED:  # looking would start it
            return asyncio.run(asyncio.wait_for(_names(kind, settings), PATIENCE))
    return ()


async def _names(kind: str, settings: Settings) -> Sequence[str]:
    async with wiring.looking(settings) as connection:
        return [name for (name,) in await connection.fetch(_FOUND[kind])]
