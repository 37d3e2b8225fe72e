"""A token for a user's name and password, so that people need not hold the secret that signs."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel
from taskcore.errors import BadLogin
from taskcore.web.auth import origin_of
from taskcore.web.problems import CHALLENGE, Problem

from taskmq.api.answers import answers
from taskmq.api.injected import Here

LIFETIME = timedelta(hours=1)

router = APIRouter(tags=["basics"])


class TokenGiven(BaseModel):
    """A token that is good for an hour."""

    access_token: str


@router.post("/login", summary="Get a token for a name and a password", responses=answers(401, 413, 422, 429, 501))
async def login(request: Request, data: Annotated[dict[str, Any], Body()], desk: Here) -> TokenGiven:
    """Users are those of the dashboard. Their tokens do what their role is allowed: admin, or worker."""
    name, password = data.get("username"), data.get("password")
    if not (name and password and isinstance(name, str) and isinstance(password, str)):
        raise Problem(400, "Missing username or password")
    accounts = await desk.accounts()
    try:
        user = await accounts.recognise_password(name, password, origin=origin_of(request))
    except BadLogin:
        raise Problem(401, "Invalid credentials", code="bad_credentials", headers=CHALLENGE) from None
    return TokenGiven(access_token=desk.tokens.create(user.name, user.role, lifetime=LIFETIME))
