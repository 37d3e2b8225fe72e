"""The routes of whoever logs in: in and out, who one is, one's password."""

from json import JSONDecodeError
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from taskcore.auth.accounts import Login
from taskcore.auth.permissions import Verb
from taskcore.auth.records import User
from taskcore.errors import BadLogin, LocalOnly, TooManyAttempts
from taskcore.web import require_login
from taskcore.web.auditing import audited
from taskcore.web.auth import origin_of
from taskcore.web.forms import form_of
from taskcore.web.problems import Problem

from lapinq.accounts import MIN_PASSWORD, SESSION_LASTS
from lapinq.api import pages
from lapinq.api.access import COOKIE
from lapinq.api.bodies import object_of
from lapinq.api.desk import desk_of
from lapinq.roles import permissions_of

INVALID = "Invalid credentials"
_LOCAL = f"{INVALID}: the default password is good on this machine alone; log in at localhost and change it"


async def show_login(request: Request) -> Response:
    """The form."""
    return pages.login(request)


async def login(request: Request) -> Response:
    """Begin a session: a form is sent on to the dashboard, JSON is answered in kind."""
    audited(request)
    wants_json = request.headers.get("content-type", "").lower().startswith("application/json")
    try:
        name, password = await (_from_json if wants_json else _from_form)(request)
    except (HTTPException, JSONDecodeError):
        return pages.login(request, "Invalid form data", 400)
    accounts = await desk_of(request).accounts()
    try:
        opened = await accounts.login(name, password, origin=origin_of(request), instead_of=COOKIE.read(request.scope))
    except (BadLogin, LocalOnly, TooManyAttempts) as error:
        return _refused(request, error, wants_json=wants_json)
    return _let_in(request, opened, wants_json=wants_json)


async def logout(request: Request) -> Response:
    """End the session at once."""
    audited(request)
    if cookie := COOKIE.read(request.scope):
        await (await desk_of(request).accounts()).logout(cookie, origin=origin_of(request))
    answer = RedirectResponse(pages.address(request, "/login"), 303 if request.method == "POST" else 307)
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


async def _from_form(request: Request) -> tuple[str, str]:
    form = await form_of(request, most=20)
    return str(form.get("username") or ""), str(form.get("password") or "")


async def _from_json(request: Request) -> tuple[str, str]:
    found = await object_of(request)
    name, password = found.get("username"), found.get("password")
    if not (isinstance(name, str) and isinstance(password, str)):
        raise Problem(400, "username and password required")
    return name, password


def _let_in(request: Request, opened: Login, *, wants_json: bool) -> Response:
    by = opened.principal
    answer: Response = (
        JSONResponse({"status": "ok", "id": by.id, "username": by.name, "admin": by.may(Verb.ADMIN)})
        if wants_json
        else RedirectResponse(pages.address(request, "/"), 302)
    )
    COOKIE.give(answer, request.scope, opened.cookie, seconds=int(SESSION_LASTS.total_seconds()))
    return answer


def _refused(request: Request, error: BadLogin | LocalOnly | TooManyAttempts, *, wants_json: bool) -> Response:
    match error:
        case TooManyAttempts():
            if wants_json:
                raise error
            answer = pages.login(request, f"Too many attempts. Try again in {error.retry_after} s.", 429)
            answer.headers["Retry-After"] = str(error.retry_after)
            return answer
        case LocalOnly():
            words = _LOCAL
        case _:
            words = INVALID
    if wants_json:
        raise Problem(401, words, code=error.code)
    return pages.login(request, words, 401)


def routes() -> list[Route]:
    return [
        Route("/login", show_login, methods=["GET"], name="login"),
        Route("/login", login, methods=["POST"], name="login.do"),
        Route("/logout", logout, methods=["GET", "POST"], name="logout"),
        Route("/me", me, methods=["GET"], name="me"),
        Route("/account/password", change_password, methods=["POST"], name="account.password"),
    ]
