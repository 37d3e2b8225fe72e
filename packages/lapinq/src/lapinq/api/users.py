"""The routes by which admins manage users."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import ADMIN, Verb
from taskcore.auth.principal import Principal
from taskcore.errors import AccountNotFound
from taskcore.web import require_login
from taskcore.web.auditing import audited
from taskcore.web.auth import origin_of
from taskcore.web.problems import Problem

from lapinq.api.bodies import json_of, object_of
from lapinq.api.desk import desk_of
from lapinq.api.queries import limit_of
from lapinq.api.session import document
from lapinq.roles import USER, USER_ROLES, checked_grants

NOT_JSON = "invalid JSON"


async def list_users(request: Request) -> Response:
    """Users by name."""
    by, users = _admin(request), (await desk_of(request).accounts()).users
    found = await users.page(by, after=request.query_params.get("after") or None, limit=limit_of(request, 100))
    return JSONResponse([document(user) for user in found])


async def create(request: Request) -> Response:
    """Make a user."""
    by = _admin(request)
    found = await object_of(request, told=NOT_JSON)
    name, password = found.get("username"), found.get("password")
    if not (isinstance(name, str) and name.strip() and isinstance(password, str) and password):
        raise Problem(400, "username and password required")
    users = (await desk_of(request).accounts()).users
    user = await users.create(
        by,
        name.strip(),
        password,
        role=_role(found, USER),
        must_change_password=False,
        origin=origin_of(request),
    )
    made = document(user)
    return JSONResponse({key: made[key] for key in ("id", "username", "role", "created_at")}, 201)


async def set_role(request: Request) -> Response:
    """Change what a user is."""
    by, user = _admin(request), _user(request)
    role = _role(await object_of(request, told=NOT_JSON))
    await (await desk_of(request).accounts()).users.set_rights(by, user, role=role, origin=origin_of(request))
    return JSONResponse({"status": "ok"})


async def set_permissions(request: Request) -> Response:
    """Say what a user may do to which queues, instead of what was said before."""
    by, user = _admin(request), _user(request)
    grants = checked_grants(await json_of(request, told=NOT_JSON))
    await (await desk_of(request).accounts()).users.set_rights(by, user, grants=grants, origin=origin_of(request))
    return JSONResponse({"status": "ok"})


async def remove(request: Request) -> Response:
    """Remove a user; their sessions end."""
    by, user = _admin(request), _user(request)
    await (await desk_of(request).accounts()).users.remove(by, user, origin=origin_of(request))
    return JSONResponse({"status": "ok"})


def _admin(request: Request) -> Principal:
    """The caller, who manages users.

    Raises:
        Problem: 401, 403.
    """
    audited(request)
    by = require_login(request)
    if not by.may(Verb.ADMIN):
        raise Problem(403, "forbidden")
    return by


def _user(request: Request) -> str:
    """The id in the path.

    Raises:
        AccountNotFound: it is none.
    """
    text: str = request.path_params["uid"]
    try:
        return str(UUID(text))
    except ValueError:
        raise AccountNotFound("user", text) from None


def _role(found: Mapping[str, Any], default: str | None = None) -> str:
    role = found.get("role", default)
    if not isinstance(role, str) or role not in USER_ROLES:
        raise Problem(400, f"role must be {ADMIN} or {USER}")
    return role


def routes() -> list[Route]:
    one = "/admin/users/{uid}"
    return [
        Route("/admin/users", list_users, methods=["GET"], name="users"),
        Route("/admin/users", create, methods=["POST"], name="users.create"),
        Route(f"{one}/role", set_role, methods=["POST"], name="user.role"),
        Route(f"{one}/permissions", set_permissions, methods=["POST"], name="user.permissions"),
        Route(one, remove, methods=["DELETE"], name="user.remove"),
    ]
