"""What a route may answer other than success, for its documentation."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


class Told(BaseModel):
    """Why not, in words."""

    detail: str


class Mistake(BaseModel):
    """What is wrong with one part of the input."""

    loc: list[int | str]
    msg: str
    type: str


class Invalid(BaseModel):
    """What is wrong with the input."""

    detail: list[Mistake]


_ANSWERS: Mapping[int, tuple[type[BaseModel], str]] = {
    400: (Told, "The address or the body cannot be read"),
    401: (Told, "The token is missing, or is not a good one"),
    403: (Told, "The role of the token does not allow this"),
    404: (Told, "There is no such thing"),
    409: (Told, "Its state does not allow this"),
    413: (Told, "The body, or a payload, is too large"),
    422: (Invalid, "The input is not valid"),
    429: (Told, "Too many attempts; Retry-After says when to come again"),
    501: (Told, "The backend cannot do this"),
    503: (Told, "The queue cannot be reached"),
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a route. Any address may be unreadable, and any queue away."""
    return {
        status: {"model": _ANSWERS[status][0], "description": _ANSWERS[status][1]}
        for status in sorted({400, 503, *statuses})
    }


TO_READ = answers(401, 403, 404, 422, 501)
"""Of routes that show something to whoever has a token."""

TO_CHANGE = answers(401, 403, 404, 409, 413, 422, 501)
"""Of routes that change something."""
