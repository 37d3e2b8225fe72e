"""Payloads as users hand them over: on the command line, in a file, or as lines on stdin."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from taskcore import serialization
from taskcore.errors import InvalidInput

from taskmq.cli.failures import bad_input
from taskmq.cli.text import visible

FOR_SHELLS = """quote the whole value for your shell, e.g. --payload '{"to":"a@b.c"}', or pass --payload @file.json"""
FOR_LINES = "nothing was stored; mend that line and send all of them again"
MOST = 16_000_000
"""Bytes of a file that are read, which may be spaces for the most part."""
MARGIN = 30
"""Characters to show on each side of the trouble."""

_PLAINER = {
    "Expecting property name enclosed in double quotes": "expected a property name in double quotes",
    "Expecting value": "expected a value",
    "Expecting ',' delimiter": "expected a comma or the end",
    "Expecting ':' delimiter": "expected a colon",
    "Extra data": "expected nothing after the value",
    "Unterminated string starting at": "the string that begins here never ends",
    "Invalid control character at": "a control character must be escaped",
    "Invalid \\escape": "there is no such escape",
    "Invalid \\uXXXX escape": "\\u needs four hexadecimal digits",
}


def payload_of(option: str | None) -> Any:
    """The value that ``--payload`` gives: JSON, or ``@`` and the name of a file of JSON.

    Raises:
        Failure: it is no JSON, or cannot be stored.
    """
    if not option:
        return {"task": f"Sample at {time.time()}"}
    if not option.startswith("@"):
        return _parsed(option, "--payload", FOR_SHELLS)
    try:
        with Path(option[1:]).open("rb") as file:
            content = file.read(MOST + 1)
    except OSError as error:
        raise bad_input(f"cannot read {option[1:]}: {error.strerror}") from None
    if len(content) > MOST:
        raise bad_input(f"{option[1:]} cannot be stored: it has more than {MOST:,} bytes")
    return _parsed(content, option[1:], None)


def payloads_of_stdin() -> Iterator[Any]:
    """The value on each line of stdin; empty lines are passed over.

    Raises:
        Failure: a line is no JSON, or cannot be stored; the message has its number.
    """
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if line.strip():
            yield _parsed(line.rstrip(b"\r\n"), f"line {number} of stdin", FOR_LINES)


def _parsed(content: str | bytes, source: str, hint: str | None) -> Any:
    try:
        text = content.decode() if isinstance(content, bytes) else content
        value = json.loads(text, parse_constant=_no_constant)
        serialization.encode(value)
    except UnicodeDecodeError as error:
        raise bad_input(f"{source} is not UTF-8: byte {error.start + 1} does not decode", hint=hint) from None
    except json.JSONDecodeError as error:
        what = _PLAINER.get(error.msg, error.msg)
        where = f"(line {error.lineno}, column {error.colno})"
        excerpt = _excerpt(error.doc, error.pos)
        raise bad_input(f"{source} is not valid JSON: {what} {where}", hint=hint, excerpt=excerpt) from None
    except InvalidInput as error:
        raise bad_input(f"{source} cannot be stored: {error}", hint=hint) from error
    except RecursionError:
        raise bad_input(f"{source} cannot be stored: it is nested too deeply; flatten it", hint=hint) from None
    except ValueError as error:  # from _no_constant, and from Python about integers of thousands of digits
        raise bad_input(f"{source} cannot be stored: {str(error).partition(';')[0]}", hint=hint) from None
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON, use null or a finite number")


def _excerpt(text: str, position: int) -> list[str]:
    """The line with the trouble and a caret below it; of a long line, what stands around."""
    begin = max(text.rfind("\n", 0, position) + 1, position - MARGIN)
    line = text[begin : position + MARGIN].partition("\n")[0]
    return [visible(line), " " * len(visible(line[: position - begin])) + "^"]
