"""Pages in HTTP: what a query asks for, and how a body or headers lead to the next page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from taskcore.errors import InvalidInput
from taskcore.pagination import DEFAULT_LIMIT, MAX_LENGTH, MAX_LIMIT
from taskcore.web.problems import FieldError, Problem


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``limit`` rows, behind those that ``cursor`` has shown; None is the first page."""

    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many rows all pages have. ``is_estimate``: counting them was too dear."""

    count: int
    is_estimate: bool = False


def page_request(request: Request, *, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> PageRequest:
    """What ``?limit=&cursor=`` asks for. Whether the cursor is one, the listing that it belongs to decides.

    Raises:
        Problem: 422, the limit is no whole number from 1 to ``most``, or one of them comes twice.
    """
    text = _single(request, "limit")
    cursor = _single(request, "cursor") or None
    if cursor is not None and len(cursor) > MAX_LENGTH:
        raise _invalid("cursor", "the cursor is damaged; ask for the first page again, without a cursor")
    if text is None:
        return PageRequest(default, cursor)
    # Not int(), which takes "+5", " 5 ", "5_0" and digits of every script.
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if not 1 <= limit <= most:
        raise _invalid("limit", f"limit must be a whole number from 1 to {most}, got {text!r:.80}")
    return PageRequest(limit, cursor)


def page_body(items: Sequence[object], next_cursor: str | None, total: Total | None = None) -> dict[str, Any]:
    """The body of a page whose ``items`` are JSON already."""
    return {
        "items": list(items),
        "next_cursor": next_cursor,
        "total": total.count if total else None,
        "total_is_estimate": total.is_estimate if total else False,
    }


def page_headers(
    request: Request, *, next_cursor: str | None = None, prev_cursor: str | None = None, total: Total | None = None
) -> Mapping[str, str]:
    """``Link`` and ``X-Total-Count``, for bodies that are bare lists."""
    links = [
        f'<{request.url.include_query_params(cursor=cursor)}>; rel="{relation}"'
        for relation, cursor in (("next", next_cursor), ("prev", prev_cursor))
        if cursor is not None
    ]
    headers = {"Link": ", ".join(links)} if links else {}
    return headers | ({"X-Total-Count": str(total.count)} if total else {})


def _single(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise _invalid(name, f"{name} must be given once, got it {len(values)} times")
    return values[0] if values else None


def _invalid(name: str, detail: str) -> Problem:
    code = "bad_cursor" if name == "cursor" else InvalidInput.code
    return Problem(422, detail, code=code, errors=[FieldError(pointer=f"query.{name}", detail=detail)])
