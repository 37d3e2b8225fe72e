"""What a command works with: the queue that its options name, and the handlers of the modules that they import."""

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from taskmq import cli as front
from taskmq.cli.failures import bad_input
from taskmq.cli.params import Setting, names
from taskmq.service import Service
from taskmq.storage.base import QueueBackend

R = TypeVar("R")


def service() -> Service:
    """The use cases of this command's queue."""
    return Service(backend())


def backend() -> QueueBackend:
    """The queue of this command. ``taskmq.cli.get_backend`` is looked up now: it may have been replaced."""
    found = front.get_backend()
    close_at_end(found)
    return found


def close_at_end(opened: QueueBackend) -> None:
    """Let go of the queue when the command is over; the published interface has nothing to close."""
    close = getattr(opened, "close", None)
    if close is not None:
        click.get_current_context().call_on_close(close)


def import_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add ``--import``; the command receives ``modules``, which are imported by then."""
    text = "Import modules that register handlers; the current folder is searched first."
    return click.option(
        "--import",
        "modules",
        cls=Setting,
        envvar="TASKMQ_IMPORT",
        type=names,
        multiple=True,
        metavar="MODULE[,MODULE]",
        callback=_imported,
        help=text,
    )(command)


def _imported(ctx: click.Context, _: click.Parameter, groups: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    modules = tuple(name for group in groups for name in group)
    if modules and not ctx.resilient_parsing:
        _make_current_folder_importable()
        for name in modules:
            _import(name)
    return modules


def _make_current_folder_importable() -> None:
    """As ``python -m`` does; the folder of the console script is of no use to anybody."""
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            hint = f"it is looked for in {Path.cwd()} and where Python looks; name it as in: import {name}"
            raise bad_input(f"--import found no module {name!r}", hint=hint) from error
        raise _broken(name, error) from error
    except (Exception, SystemExit) as error:  # a module runs whatever code it likes
        raise _broken(name, error) from error


def _broken(name: str, error: BaseException) -> Exception:
    hint = f"see where with: python -c 'import {name}'"
    return bad_input(f"--import {name} failed with {type(error).__name__}: {error}", hint=hint)
