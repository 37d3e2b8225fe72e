"""What routes are given beside their bodies."""

from typing import Annotated

from fastapi import Depends, Request

from taskmq.api.desk import Desk
from taskmq.service import Service


async def desk_of(request: Request) -> Desk:
    """What the application of a request works with."""
    desk: Desk = request.app.state.desk
    return desk


Here = Annotated[Desk, Depends(desk_of)]


def service_of(desk: Here) -> Service:
    return desk.service()


Queue = Annotated[Service, Depends(service_of)]
