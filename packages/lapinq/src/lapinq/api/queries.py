"""What the query of an address asks for."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from starlette.requests import Request
from taskcore.pagination import MAX_LENGTH, MAX_LIMIT
from taskcore.web.problems import Problem

from lapinq.tables import Filter
from lapinq.vocabulary import STATUSES

FILTERS = ("queue", "status", "task_name", "args", "result", "error")
_FLAGS = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


def task_id(request: Request) -> UUID:
    """The id in the path, in any form that Python's ``UUID`` takes.

    Raises:
        Problem: 400, it is none.
    """
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise Problem(400, "invalid task id") from None


def limit_of(request: Request, default: int = 50) -> int:
    """How many rows are asked for; more than 1,000 are never given.

    Raises:
        Problem: 400, it is no whole number of 1 or more.
    """
    text = request.query_params.get("limit") or str(default)
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise Problem(400, f"invalid limit: it must be a whole number from 1 to {MAX_LIMIT}")
    return min(int(text[-9:]) if len(text.lstrip("0")) <= 9 else MAX_LIMIT, MAX_LIMIT)


def cursor_of(request: Request) -> str | None:
    """Where the page before ended; whether it is a cursor at all, the listing decides.

    Raises:
        Problem: 400, it is too long to be one.
    """
    cursor = request.query_params.get("cursor") or None
    if cursor is not None and len(cursor) > MAX_LENGTH:
        raise Problem(400, "the cursor is damaged; ask for the first page again, without a cursor", code="bad_cursor")
    return cursor


def filter_of(request: Request) -> Filter:
    """Which tasks a listing shows. What it does not know is ignored, and an unknown status has no tasks."""
    given: dict[str, Any] = {name: request.query_params.get(name) or None for name in FILTERS}
    return Filter(**given)


def strict_filter_of(request: Request, *, also: Collection[str]) -> Filter:
    """Which tasks a request changes: a slip must not change others, so each parameter has to be known, and to come
    once.

    Args:
        also: names of parameters that are no filters.

    Raises:
        Problem: 400, one is not.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in FILTERS and name not in also:
            known = ", ".join((*FILTERS, *also))
            raise Problem(400, f"unknown parameter {name!r:.80}; known are {known}", code="unknown_parameter")
        if given.count(name) > 1:
            raise Problem(400, f"{name} must be given once")
    wanted = filter_of(request)
    if wanted.status and wanted.status not in STATUSES:
        raise Problem(400, f"status must be one of {', '.join(STATUSES)}, got {wanted.status!r:.80}")
    return wanted


def flag_of(request: Request, name: str) -> bool:
    """A parameter that is true or false; it is false when it is not there.

    Raises:
        Problem: 400, it is something else.
    """
    text = request.query_params.get(name, "")
    if (flag := _FLAGS.get(text.lower())) is None:
        raise Problem(400, f"{name} must be true or false, got {text!r:.80}")
    return flag
