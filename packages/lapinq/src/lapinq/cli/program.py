"""``main``: carries out what the command line asks for, and ends with an exit code."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

from lapinq.cli.failures import ExitCode, report
from lapinq.cli.output import data
from lapinq.cli.parsers import build_parser


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command that ``words``, by default those of the process, name, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a narrow encoding must not end a command
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what to offer for a line
        import argcomplete

        argcomplete.autocomplete(parser, always_complete_options=False)
    args = parser.parse_args(words)
    if args.version:
        data(_versions())
        sys.exit(ExitCode.OK)
    if args.command is None:
        parser.error("a COMMAND is needed")
    try:
        code = _command(args.run)(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read it has gone; nothing else may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.REFUSED
    except Exception as error:
        code = report(error, as_document=getattr(args, "json", False))
    sys.exit(code)


def _command(place: str) -> Callable[..., int]:
    module, _, name = place.partition(":")
    command: Callable[..., int] = getattr(import_module(f"lapinq.cli.{module}"), name)
    return command


def _versions() -> str:
    import platform
    from importlib.metadata import version

    libraries = ", ".join(f"{name} {version(name)}" for name in ("asyncpg", "starlette", "uvicorn", "httpx"))
    return f"lapinq {version('lapinq')} (python {platform.python_version()}, {libraries})"
