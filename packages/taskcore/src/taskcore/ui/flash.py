"""A word on the next page about what was just done, carried by a cookie that lives until it is read."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response

from taskcore.auth.text import clean

COOKIE = "tc_flash"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Toast:
    """``kind`` is "ok" or "error"; an error stays until it is closed."""

    text: str
    kind: str = "ok"


def leave(response: Response, toast: Toast, root: str, *, secure: bool) -> None:
    """Have the next page say it; ``secure`` over https alone."""
    value = json.dumps({**asdict(toast), "text": toast.text[:_LONGEST]}).encode()
    response.set_cookie(
        COOKIE,
        urlsafe_b64encode(value).decode(),
        max_age=60,
        path=root or "/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def read(request: Request) -> Toast | None:
    """What there is to say. It comes from a cookie, so it is text like any other input."""
    try:
        value = json.loads(urlsafe_b64decode(request.cookies.get(COOKIE, "")))
        return Toast(clean(str(value["text"]), _LONGEST), "error" if value["kind"] == "error" else "ok")
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def forget(response: Response, root: str) -> None:
    response.delete_cookie(COOKIE, path=root or "/")
