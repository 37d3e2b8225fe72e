"""The routes of whoever logs in: in and out, who one is, one's password."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Verb
from taskcore.auth.records import User
from taskcore.errors import BadLogin, LocalOnly
from taskcore.web import require_login
from taskcore.web.auditing import audited
from taskcore.web.auth import origin_of
from taskcore.web.problems import Problem

from lapinq.accounts import MIN_PASSWORD, SESSION_LASTS
from lapinq.api import login
from lapinq.api.access import COOKIE
from lapinq.api.bodies import object_of
from lapinq.api.desk import desk_of
from lapinq.roles import permissions_of


async def log_in(request: Request) -> Response:
    """Begin a session of a program, which sends JSON; the form is a page."""
    audited(request)
    found = await object_of(request)
    name, password = found.get("username"), found.get("password")
    if not (isinstance(name, str) and isinstance(password, str)):
        raise Problem(400, "username and password required")
    accounts = await desk_of(request).accounts()
    try:
        opened = await accounts.login(name, password, origin=origin_of(request), instead_of=COOKIE.read(request.scope))
    except (BadLogin, LocalOnly) as error:
        words, status, _ = login.refusal(error)
        raise Problem(status, words, code=error.code) from None
    by = opened.principal
    answer = JSONResponse({"status": "ok", "id": by.id, "username": by.name, "admin": by.may(Verb.ADMIN)})
    COOKIE.give(answer, request.scope, opened.cookie, seconds=int(SESSION_LASTS.total_seconds()))
    return answer


async def logout(request: Request) -> Response:
    """End the session at once."""
    audited(request)
    if cookie := COOKIE.read(request.scope):
        await (await desk_of(request).accounts()).logout(cookie, origin=origin_of(request))
    answer = RedirectResponse(f"{request.scope.get('root_path', '').rstrip('/')}/login", 307)
    COOKIE.take_back(answer, request.scope)
    return answer


async def me(request: Request) -> Response:
    """Who one is."""
    by = require_login(request)
    user = await (await desk_of(request).accounts()).users.get(by, by.id)
    return JSONResponse(document(user))


async def change_password(request: Request) -> Response:
    """Choose another password; other sessions end."""
    audited(request)
    by = require_login(request)
    found = await object_of(request, told="invalid JSON")
    old, new = found.get("current_password"), found.get("new_password")
    if not (old and new and isinstance(old, str) and isinstance(new, str)):
        raise Problem(400, "current_password and new_password required")
    if len(new) < MIN_PASSWORD:
        raise Problem(400, f"new password must be at least {MIN_PASSWORD} characters")
    users = (await desk_of(request).accounts()).users
    try:
        await users.change_password(by, old, new, origin=origin_of(request))
    except BadLogin:
        raise Problem(403, "current password is incorrect", code="bad_login") from None
    return JSONResponse({"status": "ok"})


def document(user: User) -> dict[str, Any]:
    """A user in JSON."""
    return {
        "id": user.id,
        "username": user.name,
        "role": user.role,
        "permissions": permissions_of(user.grants),
        "created_at": user.created_at.isoformat(),
        "must_change_password": user.must_change_password,
    }


def routes() -> list[Route]:
    return [
        Route("/login", log_in, methods=["POST"], name="login.do"),
        Route("/logout", logout, methods=["GET"], name="logout"),
        Route("/me", me, methods=["GET"], name="me"),
        Route("/account/password", change_password, methods=["POST"], name="account.password"),
    ]
