"""One's own account: the password, and the browsers that are logged in."""

from starlette.responses import Response

from taskcore.errors import BadLogin, InvalidInput
from taskcore.ui.moved import moved
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.pages.keys import LIFETIMES
from taskcore.ui.record import origin
from taskcore.ui.site import Part
from taskcore.web.problems import Problem

KEYS = 10
"""The newest of one's own; the page of keys has all."""


async def account(visit: Visit) -> Show:
    return await _account(visit)


async def change(visit: Visit) -> Show | Response:
    """A new password; the other sessions end."""
    _check_user(visit)
    given = await visit.answers()
    old, new = given.get("old", ""), given.get("new", "")
    if new != given.get("again", ""):
        return await _account(visit, {"new": "Both new passwords must be the same."})
    try:
        await visit.accounts.users.change_password(visit.reader, old, new, origin=origin(visit))
    except BadLogin:
        return await _account(visit, {"old": "That is not your current password."})
    except InvalidInput as error:
        return await _account(visit, {"new": f"{error}."})
    return moved(visit, visit.url("account"), "Your password was changed. Other browsers are logged out.")


async def end(visit: Visit) -> Response:
    """Log one browser out, or all others."""
    _check_user(visit)
    given = await visit.answers()
    if session := given.get("session"):
        await visit.accounts.users.end_session(visit.reader, visit.reader.id, session, origin=origin(visit))
        return moved(visit, visit.url("account"), "That browser is logged out.")
    await visit.accounts.users.end_sessions(visit.reader, visit.reader.id, origin=origin(visit))
    return moved(visit, visit.url("account"), "All other browsers are logged out.")


async def _account(visit: Visit, wrong: dict[str, str] | None = None) -> Show:
    _check_user(visit)
    user = await visit.accounts.users.get(visit.reader, visit.reader.id)
    sessions = await visit.accounts.users.sessions(visit.reader, visit.reader.id)
    keys = await visit.accounts.keys.page(visit.reader, owner=visit.reader.id, limit=KEYS)
    model = {"user": user, "sessions": sessions, "keys": keys}
    also = {"wrong": wrong or {}, "current": visit.reader.credential, "lifetimes": LIFETIMES}
    return Show(template="account.html", title="Account", model=model, also=also, status=422 if wrong else 200)


def _check_user(visit: Visit) -> None:
    """Raises Problem for a key or a token: they have no password and no browsers."""
    if visit.reader.via != "session":
        raise Problem(403, "This page is about somebody who is logged in with a password.")


PAGES = (
    Page(name="account", path="/account", view=account, needs=None, part=Part.ACCOUNTS),
    Page(
        name="account.password",
        path="/account/password",
        view=change,
        methods=("POST",),
        needs=None,
        part=Part.ACCOUNTS,
    ),
    Page(name="account.end", path="/account/end", view=end, methods=("POST",), needs=None, part=Part.ACCOUNTS),
)
