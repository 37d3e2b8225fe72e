"""Logging in and out; the links by which the first user is made and a forgotten password is replaced."""

from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from taskcore.errors import BadLogin, InvalidInput, LocalOnly, TooManyAttempts
from taskcore.ui.links import within
from taskcore.ui.moved import moved
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.record import origin
from taskcore.ui.site import Part
from taskcore.web.problems import Problem

_PROBLEMS = (BadLogin, LocalOnly, TooManyAttempts)


async def login(visit: Visit) -> Show | Response:
    """The form; whoever is logged in goes on."""
    if visit.principal is not None and visit.principal.via == "session":
        return RedirectResponse(_next(visit, visit.query.get("next")), 303)
    return await _form(visit, visit.query.get("next"))


async def enter(visit: Visit) -> Show | Response:
    """Begin a session, and go where the visitor wanted to go."""
    given = await visit.answers()
    access = visit.site.access
    assert access is not None  # noqa: S101 - there are accounts
    try:
        opened = await visit.accounts.login(
            given.get("name", ""),
            given.get("password", ""),
            origin=origin(visit),
            instead_of=access.cookie.read(visit.request.scope),
        )
    except _PROBLEMS as error:
        return await _refused(visit, given, error)
    answer = RedirectResponse(_next(visit, given.get("next")), 303)
    lasts = opened.session.expires_at - opened.session.created_at
    access.cookie.give(answer, visit.request.scope, opened.cookie, seconds=int(lasts.total_seconds()))
    return answer


async def leave(visit: Visit) -> Response:
    """End the session at once."""
    access = visit.site.access
    assert access is not None  # noqa: S101 - there are accounts
    if cookie := access.cookie.read(visit.request.scope):
        await visit.accounts.logout(cookie, origin=origin(visit))
    answer = moved(visit, visit.url("login"), "You are logged out.")
    access.cookie.take_back(answer, visit.request.scope)
    return answer


async def setup(visit: Visit) -> Show:
    """The first user's form."""
    if await visit.accounts.users.is_set_up():
        raise Problem(404, "There are users already. Ask one of them for an account.")
    return _chooser(visit, "Create the first user", "setup.do", visit.query.get("link", ""))


async def set_up(visit: Visit) -> Show | Response:
    """Make the first user, who then logs in."""
    given = await visit.answers()
    try:
        _check_twice(given)
        await visit.accounts.users.set_up(
            given.get("link", ""), given.get("name", ""), given["password"], origin=origin(visit)
        )
    except InvalidInput as error:
        return _chooser(visit, "Create the first user", "setup.do", given.get("link", ""), given, str(error))
    return moved(visit, visit.url("login"), "Your account is ready. Log in with it.")


async def reset(visit: Visit) -> Show:
    """The form for a new password."""
    return _chooser(visit, "Choose a new password", "reset.do", visit.query.get("link", ""))


async def do_reset(visit: Visit) -> Show | Response:
    """Replace the password; all sessions of the user end."""
    given = await visit.answers()
    try:
        _check_twice(given)
        await visit.accounts.users.reset_password(given.get("link", ""), given["password"], origin=origin(visit))
    except InvalidInput as error:
        return _chooser(visit, "Choose a new password", "reset.do", given.get("link", ""), given, str(error))
    return moved(visit, visit.url("login"), "Your password was changed. Log in with it.")


def _next(visit: Visit, address: str | None) -> str:
    return within(address, visit.url.root) or f"{visit.url.root}/"


async def _form(visit: Visit, address: str | None, name: str = "", error: str = "") -> Show:
    also = {
        "next": within(address, visit.url.root) or "",
        "name": name,
        "name_field": "name",
        "error": error,
        "set_up": await visit.accounts.users.is_set_up(),
    }
    return Show(template="login.html", title="Log in", also=also)


async def _refused(visit: Visit, given: dict[str, str], error: Exception) -> Show:
    if visit.wants_json:
        raise error
    match error:
        case TooManyAttempts():
            words, status = f"Too many attempts. Try again in {error.retry_after} s.", 429
        case LocalOnly():
            words, status = "This password is good on this machine alone. Log in at localhost and change it.", 401
        case _:
            words, status = "The name or the password is wrong, or the user is disabled.", 401
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyAttempts) else {}
    show = await _form(visit, given.get("next"), given.get("name", ""), words)
    return replace(show, status=status, headers=headers)


def _chooser(
    visit: Visit, title: str, target: str, link: str, given: dict[str, str] | None = None, error: str = ""
) -> Show:
    also = {"target": target, "link": link, "name": (given or {}).get("name", ""), "error": error}
    return Show(template="choose_password.html", title=title, also=also, status=422 if error else 200)


def _check_twice(given: dict[str, str]) -> None:
    """Raises InvalidInput unless both fields hold the same."""
    if given.setdefault("password", "") != given.get("again", ""):
        raise InvalidInput("both passwords must be the same")


PAGES = (
    Page(name="login", path="/login", view=login, part=Part.ACCOUNTS, public=True),
    Page(name="login.do", path="/login", view=enter, methods=("POST",), part=Part.ACCOUNTS, public=True),
    Page(name="logout", path="/logout", view=leave, methods=("POST",), part=Part.ACCOUNTS, public=True),
    Page(name="setup", path="/setup", view=setup, part=Part.ACCOUNTS, public=True),
    Page(name="setup.do", path="/setup", view=set_up, methods=("POST",), part=Part.ACCOUNTS, public=True),
    Page(name="reset", path="/reset", view=reset, part=Part.ACCOUNTS, public=True),
    Page(name="reset.do", path="/reset", view=do_reset, methods=("POST",), part=Part.ACCOUNTS, public=True),
)
