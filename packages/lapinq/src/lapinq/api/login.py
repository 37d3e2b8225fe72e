"""The form to log in with. Its fields and answers are those that the API documents."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from taskcore.errors import BadLogin, LocalOnly, TooManyAttempts
from taskcore.ui.links import within
from taskcore.ui.page import Show, View, Visit
from taskcore.ui.record import origin

from lapinq.accounts import SESSION_LASTS
from lapinq.api.access import COOKIE

INVALID = "Invalid credentials"
LOCAL = f"{INVALID}: the default password is good on this machine alone; log in at localhost and change it"
REFUSALS = (BadLogin, LocalOnly, TooManyAttempts)


async def show(visit: Visit) -> Show | Response:
    """The form; whoever is logged in goes on."""
    if visit.principal is not None and visit.principal.via == "session":
        return RedirectResponse(_next(visit, visit.query.get("next")), 302)
    return _form(visit, visit.query.get("next"))


async def enter(visit: Visit) -> Show | Response:
    """Begin a session, and go where the visitor wanted to go."""
    try:
        given = await visit.answers()
    except HTTPException:
        return _form(visit, None, error="Invalid form data", status=400)
    name = given.get("username", "")
    try:
        opened = await visit.accounts.login(
            name, given.get("password", ""), origin=origin(visit), instead_of=COOKIE.read(visit.request.scope)
        )
    except REFUSALS as error:
        words, status, headers = refusal(error)
        return _form(visit, given.get("next"), name, words, status, headers)
    answer = RedirectResponse(_next(visit, given.get("next")), 302)
    COOKIE.give(answer, visit.request.scope, opened.cookie, seconds=int(SESSION_LASTS.total_seconds()))
    return answer


def refusal(error: Exception) -> tuple[str, int, dict[str, str]]:
    """Words, status and headers for somebody who was not let in."""
    match error:
        case TooManyAttempts():
            after = str(error.retry_after)
            return f"Too many attempts. Try again in {after} s.", 429, {"Retry-After": after}
        case LocalOnly():
            return LOCAL, 401, {}
        case _:
            return INVALID, 401, {}


def _form(
    visit: Visit,
    address: str | None,
    name: str = "",
    error: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Show:
    also = {
        "next": within(address, visit.url.root) or "",
        "name": name,
        "name_field": "username",
        "error": error,
        "set_up": True,
    }
    return Show(template="login.html", title="Log in", also=also, status=status, headers=headers or {})


def _next(visit: Visit, address: str | None) -> str:
    return within(address, visit.url.root) or f"{visit.url.root}/"


VIEWS: Mapping[str, View] = {"login": show, "login.do": enter}
"""In the place of the core's."""
