"""What a client asks of the server beside enqueuing: each question knows how its answer is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import httpx

T = TypeVar("T")

Document = dict[str, Any]
"""A JSON object of the API."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A request to ``path`` below the prefix of the API; ``read`` makes of its answer what the caller gets."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, str] = field(default_factory=dict)


def tasks(queue_name: str | None, status: str | None, task_name: str | None, limit: int) -> Question[list[Document]]:
    given = {"queue": queue_name, "status": status, "task_name": task_name, "limit": str(limit)}
    params = {name: value for name, value in given.items() if value is not None}
    return Question("GET", "tasks", _documents, params)


def task(task_id: str | UUID) -> Question[Document | None]:
    return Question("GET", f"tasks/{UUID(str(task_id))}", _document)


def cancelling(task_id: str | UUID, *, running: bool) -> Question[bool]:
    path = f"tasks/{UUID(str(task_id))}"
    return Question("POST", f"{path}/cancel", _is_done) if running else Question("DELETE", path, _is_done)


def requeuing(task_id: str | UUID) -> Question[bool]:
    return Question("POST", f"tasks/{UUID(str(task_id))}/requeue", _is_done)


def queues() -> Question[list[Document]]:
    return Question("GET", "queues", _documents)


def checked(response: httpx.Response, what: str = "this") -> httpx.Response:
    """The answer, when it is a good one.

    Raises:
        httpx.HTTPStatusError: it is none; the message is what the server said.
    """
    if response.is_error:
        said = f"{response.status_code}: {response.text[:500]}"
        raise httpx.HTTPStatusError(
            f"the server refused {what} with {said}", request=response.request, response=response
        )
    return response


def _documents(response: httpx.Response) -> list[Document]:
    found: list[Document] = checked(response).json()
    return found


def _document(response: httpx.Response) -> Document | None:
    if response.status_code == 404:
        return None
    found: Document = checked(response).json()
    return found


def _is_done(response: httpx.Response) -> bool:
    """False where there is no such task, or its status does not allow it."""
    return response.status_code not in (404, 409) and checked(response).is_success
