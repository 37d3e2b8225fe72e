"""Who a request was recognised as. The authentication middleware writes it, everybody else reads it here."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Scope

from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.errors import NotAuthenticated
from taskcore.web.problems import CHALLENGE, Problem

Recheck = Callable[[], Awaitable[Principal | None]]

_PRINCIPAL, _RECHECK, _REFUSAL = "principal", "recheck_principal", "refusal"


def principal_of(connection: Mapping[str, Any]) -> Principal | None:
    """The caller of a request, WebSocket or bare ASGI scope; None when nobody was recognised.

    Raises:
        RuntimeError: no ``Authentication`` has looked at it, so that nobody can say who it is.
    """
    principal: Principal | None = _of(connection, _PRINCIPAL)
    return principal


async def recognised_again(connection: Mapping[str, Any]) -> Principal | None:
    """Who the credentials of a request say it is by now: a session may have ended, a key may have been revoked."""
    recheck: Recheck = _of(connection, _RECHECK)
    return await recheck()


def set_principal(
    scope: Scope, principal: Principal | None, recheck: Recheck, refusal: NotAuthenticated | None = None
) -> None:
    """Note who was recognised, or why nobody was, and how to ask again; for ``Authentication`` and what takes its
    place."""
    scope.setdefault("state", {}).update({_PRINCIPAL: principal, _RECHECK: recheck, _REFUSAL: refusal})


def require(connection: Mapping[str, Any], verb: Verb, kind: Kind = Kind.QUEUE, name: str = "") -> Principal:
    """The caller, if they may do ``verb`` to the resource of ``kind`` called ``name``; "" asks about all of them.

    Raises:
        Problem, NotAuthenticated: 401, nobody was recognised. Problem: 403, they may not.
    """
    principal = require_login(connection)
    if not principal.may(verb, kind, name):
        target = f"the {kind} {name!r}" if name else f"every {kind}"
        raise Problem(403, f"{principal.name} has no permission to {verb} {target}; an admin can grant it")
    return principal


def require_login(connection: Mapping[str, Any]) -> Principal:
    """The caller, whoever it is.

    Raises:
        Problem, NotAuthenticated: 401, nobody was recognised.
    """
    principal = principal_of(connection)
    if principal is None:
        raise _of(connection, _REFUSAL) or unauthorized()
    return principal


def unauthorized() -> Problem:
    """What somebody is told who shows nothing that is known here."""
    detail = 'log in, or send a key as "Authorization: Bearer ..." or "X-API-Key: ..."'
    return Problem(401, detail, code="not_authenticated", headers=CHALLENGE)


def _of(connection: Mapping[str, Any], key: str) -> Any:
    try:
        return connection["state"][key]
    except KeyError:
        raise RuntimeError("nobody was asked who the caller is: put taskcore.web.auth.Authentication above") from None
