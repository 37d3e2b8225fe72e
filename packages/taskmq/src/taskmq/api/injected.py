"""What routes are given beside their bodies."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from taskcore.auth.auditing import Origin
from taskcore.auth.permissions import Verb
from taskcore.auth.principal import Principal
from taskcore.ports import TaskStore
from taskcore.web.auth import origin_of

from taskmq.api.callers import may
from taskmq.api.desk import Desk
from taskmq.errors import NotSupported
from taskmq.service import Service
from taskmq.storage.store_backend import StoreBackend


async def desk_of(request: Request) -> Desk:
    """What the application of a request works with."""
    desk: Desk = request.app.state.desk
    return desk


Here = Annotated[Desk, Depends(desk_of)]


def service_of(desk: Here) -> Service:
    return desk.service()


async def backend_of(desk: Here) -> StoreBackend:
    """The queue, for what takes more than the thirteen methods of ``QueueBackend``."""
    backend = await desk.queue()
    if not isinstance(backend, StoreBackend):
        raise NotSupported(f"{type(backend).__name__} has the methods of QueueBackend alone; this needs more")
    return backend


async def store_of(backend: Annotated[StoreBackend, Depends(backend_of)]) -> TaskStore:
    return backend.store


Queue = Annotated[Service, Depends(service_of)]
Own = Annotated[StoreBackend, Depends(backend_of)]
Store = Annotated[TaskStore, Depends(store_of)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a change, and from where."""

    by: Principal
    desk: Desk
    origin: Origin

    async def did(self, action: str, target: str, detail: str = "") -> None:
        """Leave an entry in the audit log."""
        await self.desk.note(self.by, action, target, self.origin, detail)


def caller(verb: Verb) -> Any:
    """A dependency: the caller, if they may do ``verb`` to jobs."""

    async def admitted(by: Annotated[Principal, may(verb)], desk: Here, request: Request) -> Caller:
        return Caller(by, desk, origin_of(request))

    return Depends(admitted)
