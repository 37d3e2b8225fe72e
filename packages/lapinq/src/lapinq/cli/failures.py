"""How a command fails: one sentence, one hint, a documented exit code, and no traceback unless somebody asks.

``taskmq.cli.failures`` is its twin.
"""

import os
import sys
import traceback
from enum import IntEnum

from taskcore.errors import InvalidInput, MissingExtra, NameTaken, SchemaMismatch, StoreError, TaskcoreError

from lapinq.cli.output import data, message
from lapinq.cli.text import as_json, visible

LONGEST = 600
"""Characters of a message; what the user typed may be quoted in it, and be of any length."""


class ExitCode(IntEnum):
    """What a script can rely on."""

    OK = 0
    REFUSED = 1
    """Not found, wrong state, or a check that failed."""
    USAGE = 2
    """The command line or its input is wrong; nothing was done."""
    STORE = 3
    """The database cannot be reached."""
    TIMED_OUT = 5
    """``--wait`` ended before the task did."""
    INTERRUPTED = 130


class Failure(Exception):
    """Ends a command.

    Attributes:
        message: what went wrong.
        hint: what to do next.
        code: stable, for machines.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str = "refused",
        exit_code: ExitCode = ExitCode.REFUSED,
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.code, self.exit_code = message, hint, code, exit_code


def bad_input(message: str, *, hint: str | None = None) -> Failure:
    """A failure of what the user typed."""
    return Failure(message, hint=hint, code="invalid_input", exit_code=ExitCode.USAGE)


def report(error: Exception, *, as_document: bool) -> ExitCode:
    """Tell the user, and answer with the exit code."""
    if os.environ.get("LAPINQ_DEBUG", "0") not in ("", "0"):
        traceback.print_exception(error, file=sys.stderr)
    failure = explain(error)
    text = visible(failure.message)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 4 :]}"
    if as_document:
        told = {"code": failure.code, "message": text, "hint": failure.hint}
        data(as_json({"error": told}))
    else:
        message(text if isinstance(error, Told) else f"Error: {text}")
        if failure.hint is not None:
            message(f"Hint: {failure.hint}")
    return failure.exit_code


class Told(Failure):
    """A failure in words that scripts know as they are."""


def explain(error: BaseException) -> Failure:
    """Say any exception as a failure."""
    match error:
        case Failure():
            return error
        case RuntimeError(__cause__=TaskcoreError() as cause):  # after several attempts
            return explain(cause)
        case NameTaken():  # nothing is wrong with the name itself
            return Failure(str(error), code=error.code)
        case InvalidInput() | MissingExtra():
            return Failure(str(error), code=error.code, exit_code=ExitCode.USAGE)
        case SchemaMismatch():
            hint = "see what is there with: lapinq db status"
            return Failure(str(error), hint=hint, code=error.code)
        case StoreError():
            hint = "start PostgreSQL, or set LAPINQ_DATABASE_URL; diagnose with: lapinq doctor"
            return Failure(str(error), hint=hint, code=error.code, exit_code=ExitCode.STORE)
        case TaskcoreError():
            return Failure(str(error), code=error.code)
        case _:
            hint = "run it again with LAPINQ_DEBUG=1 to see where"
            return Failure(f"unexpected {type(error).__name__}: {error}", hint=hint, code="internal")
