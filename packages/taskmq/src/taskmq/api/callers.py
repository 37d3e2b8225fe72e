"""Who may call what: the roles of the API, and the tokens that carry them."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from taskcore.auth.authenticators import TokenAuthenticator
from taskcore.auth.chain import Chain
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.auth.tokens import Claims, Tokens
from taskcore.web import require
from taskcore.web.access import Access

from taskmq.roles import TOKEN_ROLES, WORKER, WORKER_GRANTS
from taskmq.storage.store_backend import QUEUES


def token_access(tokens: Tokens) -> Access:
    """Callers of the API, who show a token."""
    return Access(chain=Chain([TokenAuthenticator(tokens, principal_of)]))


def principal_of(claims: Claims) -> Principal:
    """Who a token speaks of. A role that is neither admin nor worker is no role, whatever it may mean to others."""
    role = claims.all.get("role")
    known = role if isinstance(role, str) and role in TOKEN_ROLES else ""
    grants = WORKER_GRANTS if known == WORKER else ()
    return Principal(id=f"token:{claims.subject}", name=claims.subject, role=known, grants=grants, via="token")


_PADLOCK = HTTPBearer(scheme_name="CustomHTTPBearer", bearerFormat="JWT", auto_error=False)
"""For the documentation alone: the middleware has looked at the token by then."""


def may(verb: Verb) -> Any:
    """A dependency that lets in callers who may do ``verb`` to jobs."""

    async def check(request: Request, _: Annotated[object, Depends(_PADLOCK)]) -> Principal:
        return require(request, verb, Kind.QUEUE, QUEUES[0])

    return Depends(check)
