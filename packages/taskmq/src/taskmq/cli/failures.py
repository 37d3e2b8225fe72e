"""How a command fails: one sentence, one hint, a documented exit code, and no traceback unless somebody asks.

``lapinq.cli.failures`` is its twin.
"""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from enum import IntEnum

import click
from taskcore.errors import (
    InvalidInput,
    MissingExtra,
    NameTaken,
    NotAllowed,
    NotAuthenticated,
    StoreError,
    TaskcoreError,
)

from taskmq.cli.text import as_json, visible
from taskmq.errors import ScheduleExists, ScheduleNotFound

LONGEST = 600
"""Characters of a message; what the user typed may be quoted in it, and be of any length."""


_HINTS: Mapping[type[TaskcoreError], str] = {
    ScheduleNotFound: "list them with: taskmq schedules list",
    ScheduleExists: "to replace it, add --replace",
}


class ExitCode(IntEnum):
    """What a script can rely on."""

    OK = 0
    REFUSED = 1
    """Not found, wrong state, or not wanted by a check."""
    USAGE = 2
    """The command line or its input is wrong; nothing was done."""
    STORE = 3
    """The store cannot be reached."""
    FORBIDDEN = 4
    """Nobody was recognised, or nobody granted this."""
    TIMED_OUT = 5
    """``--wait`` ended before the job did."""
    PARTLY = 6
    """Some of many were done, others not."""
    INTERRUPTED = 130


class Failure(Exception):
    """Ends a command.

    Attributes:
        message: what went wrong, without the closing full stop.
        hint: what to do next.
        code: stable, for machines.
        excerpt: lines to show as they are, between message and hint.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str = "refused",
        exit_code: ExitCode = ExitCode.REFUSED,
        excerpt: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code
        self.exit_code, self.excerpt = exit_code, excerpt


def bad_input(message: str, *, hint: str | None = None, excerpt: Sequence[str] = ()) -> Failure:
    """A failure of what the user typed or piped in."""
    return Failure(message, hint=hint, code="invalid_input", exit_code=ExitCode.USAGE, excerpt=excerpt)


def report(error: Exception, words: Sequence[str]) -> ExitCode:
    """Tell the user of ``words`` about ``error``, and answer with the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    if "--debug" in words or os.environ.get("TASKMQ_DEBUG", "0") not in {"", "0"}:
        traceback.print_exception(error, file=sys.stderr)
    failure = explain(error)
    if wants_json(words):
        told = {"code": failure.code, "message": _sentence(failure.message), "hint": failure.hint}
        click.echo(as_json({"error": told}))
    else:
        click.echo(f"Error: {_sentence(failure.message)}", err=True)
        for line in failure.excerpt:
            click.echo(f"  {line}", err=True)
        if failure.hint is not None:
            click.echo(f"Hint: {visible(failure.hint)}", err=True)
    return failure.exit_code


def explain(error: Exception) -> Failure:
    """Say any exception as a failure."""
    match error:
        case Failure():
            return error
        case click.UsageError():
            return Failure(error.format_message(), hint=_usage(error), code="usage", exit_code=ExitCode.USAGE)
        case click.Abort():
            return Failure("interrupted", code="interrupted", exit_code=ExitCode.INTERRUPTED)
        case NameTaken():  # nothing is wrong with the name itself
            return Failure(str(error), code=error.code)
        case InvalidInput() | MissingExtra():
            return Failure(str(error), code=error.code, exit_code=ExitCode.USAGE)
        case NotAuthenticated() | NotAllowed():
            return Failure(str(error), code=error.code, exit_code=ExitCode.FORBIDDEN)
        case StoreError():
            hint = "check the address or run: taskmq doctor"
            return Failure(str(error), hint=hint, code=error.code, exit_code=ExitCode.STORE)
        case TaskcoreError():
            return Failure(str(error), hint=_HINTS.get(type(error)), code=error.code)
        case OSError() if error.strerror:
            what = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
            return Failure(f"cannot go on: {what}", code="os_error")
        case _:
            hint = "run it again with --debug (taskmq --debug COMMAND) to see where"
            return Failure(f"unexpected {type(error).__name__}: {error}", hint=hint, code="internal")


def _usage(error: click.UsageError) -> str | None:
    """Where to read on; of an option of the program itself, which a command does not know, where it belongs."""
    if error.ctx is None:
        return None
    early = [option for each in error.ctx.find_root().command.params for option in each.opts]
    if isinstance(error, click.NoSuchOption) and error.option_name in early:
        verb = error.ctx.command_path.partition(" ")[2]
        return f"it goes before the command: taskmq {error.option_name} ... {verb}"
    return f"see: {error.ctx.command_path} --help"


def wants_json(words: Sequence[str]) -> bool:
    """Whether errors go out as a document too. Read from the bare words: parsing them may be what failed."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return any(
        word in {"--json", "--format=json", "--format=jsonl"} or (word == "--format" and after in {"json", "jsonl"})
        for word, after in pairs
    )


def _sentence(message: str) -> str:
    text = visible(message).rstrip()
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 4 :]}"
    return text if text.endswith((".", "?", "!")) else f"{text}."
