"""Who may call what: the roles of the API, and the tokens that carry them."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send
from taskcore.auth.authenticators import TokenAuthenticator
from taskcore.auth.chain import Chain
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.auth.tokens import Claims, Tokens
from taskcore.web import require, require_login
from taskcore.web.access import Access
from taskcore.web.paths import path_below_root
from taskcore.web.proxies import TrustedProxies

from taskmq.roles import TOKEN_ROLES, WORKER, WORKER_GRANTS
from taskmq.storage.store_backend import QUEUES


def token_access(tokens: Tokens, proxies: TrustedProxies) -> Access:
    """Callers of the API, who show a token."""
    return Access(chain=Chain([TokenAuthenticator(tokens, principal_of)]), proxies=proxies)


def principal_of(claims: Claims) -> Principal:
    """Who a token speaks of. A role that is neither admin nor worker is no role, whatever it may mean to others."""
    role = claims.all.get("role")
    known = role if isinstance(role, str) and role in TOKEN_ROLES else ""
    grants = WORKER_GRANTS if known == WORKER else ()
    return Principal(id=f"token:{claims.subject}", name=claims.subject, role=known, grants=grants, via="token")


class StrangersFirst:
    """Refuses whoever is not recognised before their body is read, which may be large and in no order."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app, self._paths = app, tuple(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and path_below_root(scope).startswith(self._paths):
            require_login(scope)
        await self._app(scope, receive, send)


_PADLOCK = HTTPBearer(scheme_name="CustomHTTPBearer", bearerFormat="JWT", auto_error=False)
"""For the documentation alone: the middleware has looked at the token by then."""


def may(verb: Verb) -> Any:
    """A dependency that lets in callers who may do ``verb`` to jobs."""

    async def check(request: Request, _: Annotated[object, Depends(_PADLOCK)]) -> Principal:
        return require(request, verb, Kind.QUEUE, QUEUES[0])

    return Depends(check)
