"""doctor: whether this machine, with these options, can work on the queue."""

import os
import platform
import sqlite3
from collections.abc import Iterator

import click
from taskcore.errors import TaskcoreError

from taskmq import __version__
from taskmq import cli as front
from taskmq.cli.failures import ExitCode
from taskmq.cli.output import Column, Output, output_options
from taskmq.cli.program import address
from taskmq.cli.session import close_at_end, import_option
from taskmq.jobs.handlers import HANDLERS
from taskmq.settings import Settings

COLUMNS = (
    Column("check", "Check"),
    Column("ok", "OK", lambda document: "✓" if document["ok"] else "✕"),
    Column("detail", "Detail"),
)


@click.command("doctor")
@import_option
@output_options
def doctor(modules: tuple[str, ...], output: Output) -> ExitCode:
    """Check that all is well.

    Exits 1 if settings, store or handlers are not.
    """
    checks = [{"check": check, "ok": ok, "detail": detail} for check, ok, detail in _checks()]
    output.many(checks, COLUMNS)
    return ExitCode.OK if all(check["ok"] for check in checks) else ExitCode.REFUSED


def _checks() -> Iterator[tuple[str, bool, str]]:
    versions = f"taskmq {__version__}, python {platform.python_version()}, sqlite {sqlite3.sqlite_version}"
    yield "versions", True, versions
    yield "settings", *_settings()
    yield "store", *_store()
    yield "handlers", True, ", ".join(sorted(map(str, HANDLERS)))


def _settings() -> tuple[bool, str]:
    try:
        settings = Settings.from_env(os.environ)
    except TaskcoreError as error:
        return False, str(error)
    return True, f"{settings.backend}, {address(settings)}"


def _store() -> tuple[bool, str]:
    try:
        backend = front.get_backend()
        close_at_end(backend)
        return backend.check_health(), f"{backend.get_queue_depth()} jobs pending"
    except TaskcoreError as error:
        return False, str(error)
