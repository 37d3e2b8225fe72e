"""doctor: whether this machine, with these options, can work on the queue."""

import os
import platform
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from taskcore.errors import TaskcoreError

from taskmq import __version__
from taskmq import cli as front
from taskmq.bridge import bridge
from taskmq.cli.failures import ExitCode
from taskmq.cli.output import Column, Output, output_options
from taskmq.cli.program import address
from taskmq.cli.session import close_at_end, import_option
from taskmq.cli.text import counted
from taskmq.jobs.handlers import HANDLERS
from taskmq.settings import Settings
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import utc_now
from taskmq.workers import workers_of

SKEW = 1.0
"""Seconds by which the clocks of this machine and of the store may differ."""

ICONS = {"ok": "✓", "warning": "!", "failed": "✕"}
COLUMNS = (
    Column("check", "Check"),
    Column("ok", "OK", lambda document: ICONS[document["level"]]),
    Column("detail", "Detail"),
    Column("level", only_piped=True),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``level`` is "ok", "warning" for what may be meant so, or "failed"."""

    detail: str
    level: str = "ok"


@click.command("doctor")
@click.option("--strict", is_flag=True, help="Take warnings for failures.")
@import_option
@output_options
def doctor(strict: bool, modules: tuple[str, ...], output: Output) -> ExitCode:
    """Check that all is well.

    Settings, store, clocks, permissions, workers, and the secret of the API. Exits 1 if a check failed.
    """
    found = list(_checks())
    documents = [
        {"check": check, "ok": finding.level != "failed", "detail": finding.detail, "level": finding.level}
        for check, finding in found
    ]
    output.many(documents, COLUMNS)
    bad = {"failed", "warning"} if strict else {"failed"}
    return ExitCode.REFUSED if any(finding.level in bad for _, finding in found) else ExitCode.OK


def _checks() -> Iterator[tuple[str, Finding]]:
    versions = f"taskmq {__version__}, python {platform.python_version()}, sqlite {sqlite3.sqlite_version}"
    yield "versions", Finding(versions)
    yield "settings", (settings := _tried(_settings))
    yield "store", (store := _tried_after(settings, lambda: _store(_backend())))
    yield "clock", _tried_after(store, lambda: _clock(_backend()))
    yield "permissions", _permissions()
    yield "workers", _tried_after(store, lambda: _workers(_backend()))
    yield "handlers", Finding(", ".join(sorted(map(str, HANDLERS))))
    yield "secret", _secret()


def _tried(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except TaskcoreError as error:
        return Finding(str(error), "failed")


def _tried_after(needed: Finding, check: Callable[[], Finding]) -> Finding:
    """What a check finds that needs another one to be well: otherwise it would wait, and say the same again."""
    return Finding("not looked at", "failed") if needed.level == "failed" else _tried(check)


def _backend() -> QueueBackend:
    """The queue, opened once."""
    ctx = click.get_current_context()
    if "backend" not in ctx.meta:
        ctx.meta["backend"] = front.get_backend()
        close_at_end(ctx.meta["backend"])
    backend: QueueBackend = ctx.meta["backend"]
    return backend


def _settings() -> Finding:
    settings = Settings.from_env(os.environ)
    return Finding(f"{settings.backend}, {address(settings)}")


def _store(backend: QueueBackend) -> Finding:
    begun = time.perf_counter()
    depth = backend.get_queue_depth()
    took = (time.perf_counter() - begun) * 1000
    level = "ok" if backend.check_health() else "failed"
    return Finding(f"{counted(depth, 'job')} pending, answered in {took:.1f} ms", level)


def _clock(backend: QueueBackend) -> Finding:
    if not isinstance(backend, StoreBackend):
        return Finding(f"{type(backend).__name__} does not tell the time", "warning")
    before = utc_now()
    theirs = bridge.run(backend.store.now())
    skew = abs((theirs - before).total_seconds())
    return Finding(f"differs from the store's by {skew * 1000:.0f} ms", "ok" if skew < SKEW else "warning")


def _permissions() -> Finding:
    """Workers write two files into the working directory."""
    if os.access(".", os.W_OK):
        return Finding(f"{Path.cwd()} can be written to")
    return Finding(f"workers cannot write their heartbeat and failed jobs into {Path.cwd()}", "warning")


def _workers(backend: QueueBackend) -> Finding:
    workers = workers_of(backend)
    silent = sum(worker.state == "silent" for worker in workers)
    told = f"{len(workers) - silent} there, {silent} silent"
    return Finding(told, "ok" if len(workers) > silent else "warning")


def _secret() -> Finding:
    from taskmq.jwt_secret import VARIABLE, keys_of, secret_of  # what it signs with takes long to load

    try:
        keys_of(secret_of(os.environ), os.environ)
    except TaskcoreError as error:
        unset = not (os.environ.get(VARIABLE) or os.environ.get(f"{VARIABLE}_FILE"))
        return Finding(
            f"{VARIABLE} is not set; serve-api needs it" if unset else str(error), "warning" if unset else "failed"
        )
    return Finding(f"{VARIABLE} is long enough")
