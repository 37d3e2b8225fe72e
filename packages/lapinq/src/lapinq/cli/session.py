"""What a command works with: the settings that its options and the environment make, and the database."""

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit
from uuid import UUID

from lapinq.cli.failures import Failure, bad_input
from lapinq.service import Service
from lapinq.settings import Settings

EMBEDDED = "embedded"
SHORTEST = 6
"""Hex digits that may stand for an id."""


def settings_of(args: argparse.Namespace, *, embedded: bool = True) -> Settings:
    """Options win over the environment.

    Args:
        embedded: whether the embedded server is started, where that is the database.

    Raises:
        InvalidInput: a variable holds no such value. Failure: the database's URL is none.
    """
    settings = Settings.from_env(
        os.environ,
        database_url=args.database_url or None,
        imports=tuple(getattr(args, "imports", ())) or None,
        log_level=getattr(args, "log_level", None),
        webhook_allow_private=getattr(args, "webhook_allow_private", False) or None,
    )
    if settings.database_url != EMBEDDED:
        _check(settings.database_url)
        return settings
    return with_embedded(settings) if embedded else settings


def _check(url: str) -> None:
    """Refuse what leads to no PostgreSQL. The message does not show the URL, which may hold a password.

    Raises:
        Failure: it does not.
    """
    hint = "as in postgresql://user@host/database, with --database-url or LAPINQ_DATABASE_URL; or: embedded"
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        raise bad_input("the URL of the database cannot be read", hint=hint) from None
    if scheme.removesuffix("+asyncpg") not in ("postgres", "postgresql"):
        begins = f"begins with {scheme}:" if scheme else "has no beginning"
        raise bad_input(f"the URL of the database must begin with postgresql://, this one {begins}", hint=hint)


def with_embedded(settings: Settings) -> Settings:
    """The same, on a PostgreSQL that is started below ``.taskcore/`` and runs until this process ends."""
    from dataclasses import replace

    from taskcore.embedded import resolve_url

    # It has no TLS, whatever PGSSLMODE asks of other servers.
    return replace(settings, database_url=f"{resolve_url(EMBEDDED, 'postgres')}?sslmode=disable")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Service]:
    """The use cases; the database is asked once, not again and again.

    Raises: as ``Service.open``.
    """
    service = await Service.open(settings)
    try:
        yield service
    finally:
        await service.close()


async def id_of(service: Service, text: str) -> UUID:
    """The id that the user means: written out, or by some of its hex digits.

    Raises:
        Failure: it is no id; or no task, or more than one, has one with these digits.
    """
    with suppress(ValueError):
        return UUID(text)
    digits = digits_of(text, "task")
    found = await service.tables.ids_with(digits)
    if not found:
        raise Failure(f'no task id contains "{text}"', code="not_found")
    if len(found) > 1:
        raise bad_input(f'more than one task id contains "{text}"', hint="write more of it: lapinq task list")
    return found[0]


def digits_of(text: str, noun: str) -> str:
    """The hex digits by which the user means something that has a UUID.

    Raises:
        Failure: they are none, too few or too many.
    """
    digits = text.replace("-", "").lower()
    if not SHORTEST <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        raise bad_input(f'"{text}" is not a {noun} id (need a UUID or at least {SHORTEST} hex digits of one)')
    return digits
