"""Those who may log in, for admins: create, change what they may do, shut out, help in again."""

from starlette.datastructures import FormData
from starlette.responses import Response

from taskcore.auth.permissions import VIEWER, Verb
from taskcore.auth.records import User
from taskcore.errors import InvalidInput, LastAdmin
from taskcore.ui import rights
from taskcore.ui.moved import moved
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.record import origin
from taskcore.ui.site import Part
from taskcore.web.problems import Problem

ROWS = 100


async def users(visit: Visit) -> Show:
    """Users by name."""
    found = await visit.accounts.users.page(visit.reader, after=visit.query.get("after"), limit=ROWS + 1)
    shown = found[:ROWS]
    older = shown[-1].name if len(found) > ROWS else None
    return Show(template="users.html", title="Users", model={"users": shown, "older": older}, also=_words())


async def new(visit: Visit) -> Show:
    """The form for one more."""
    return _new(visit, {"role": VIEWER}, rights.rows_of(()))


async def create(visit: Visit) -> Show | Response:
    """Make a user. Without a password they get a link by which they choose one."""
    form, given = await visit.form(), await visit.answers()
    rows = rights.rows_in(form)
    try:
        made = await visit.accounts.users.create(
            visit.reader,
            given.get("name", "").strip(),
            given.get("password") or None,
            role=given.get("role", VIEWER),
            grants=rights.grants_of(rows),
            origin=origin(visit),
        )
    except InvalidInput as error:
        return _new(visit, given, rows, f"{error}.")
    if not given.get("password"):
        return await _link(visit, made)
    return moved(visit, visit.url("user", user=made.id), f"{made.name} was created.")


async def user(visit: Visit) -> Show:
    """One user."""
    found = await visit.accounts.users.get(visit.reader, visit.param("user"))
    return await _user(visit, found, rights.rows_of(found.grants))


async def change(visit: Visit) -> Show | Response:
    """Do what the button says."""
    found = await visit.accounts.users.get(visit.reader, visit.param("user"))
    form, given = await visit.form(), await visit.answers()
    try:
        return await _changed(visit, found, form, given)
    except LastAdmin:
        return await _user(
            visit, found, rights.rows_of(found.grants), "They are the last admin: make another one first."
        )
    except InvalidInput as error:
        return await _user(visit, found, rights.rows_in(form) or rights.rows_of(found.grants), f"{error}.")


async def _changed(visit: Visit, found: User, form: FormData, given: dict[str, str]) -> Show | Response:
    admin, by, here = visit.accounts.users, visit.reader, visit.url("user", user=found.id)
    if found.id == by.id and given.get("do") in ("rights", "disable") and "sure" not in given:
        raise InvalidInput("these are your own rights: tick that you know you may shut yourself out")
    match given.get("do"):
        case "rights":
            grants = rights.grants_of(rights.rows_in(form))
            role = given.get("role")
            await admin.set_rights(by, found.id, role=role, grants=grants, origin=origin(visit))
            return moved(visit, here, f"What {found.name} may do was changed.")
        case "disable":
            await admin.disable(by, found.id, origin=origin(visit))
            return moved(visit, here, f"{found.name} is shut out.")
        case "enable":
            await admin.enable(by, found.id, origin=origin(visit))
            return moved(visit, here, f"{found.name} may log in again.")
        case "reset":
            return await _link(visit, found)
        case "end":
            ended = await admin.end_sessions(by, found.id, origin=origin(visit))
            return moved(visit, here, f"{ended} sessions were ended.")
        case "remove":
            if given.get("typed", "").strip() != found.name:
                raise InvalidInput(f"type {found.name} to remove them")
            await admin.remove(by, found.id, origin=origin(visit))
            return moved(visit, visit.url("users"), f"{found.name} was removed.")
        case other:
            raise Problem(422, f"there is no way to {other!r:.40} a user")


async def _link(visit: Visit, found: User) -> Show:
    """The link is shown to the admin alone, on this very answer, and nowhere kept."""
    link = await visit.accounts.users.reset_link(visit.reader, found.id, origin=origin(visit))
    address = str(visit.request.url.replace(path=visit.url("reset"), query="", fragment=""))
    model = {"user": found.id, "link": f"{address}?link={link}"}
    crumbs = (("Users", visit.url("users")), (found.name, visit.url("user", user=found.id)))
    return Show(template="user_link.html", title="A link to choose a password", model=model, crumbs=crumbs, plain=True)


async def _user(visit: Visit, found: User, rows: list[rights.Row], error: str = "") -> Show:
    sessions = await visit.accounts.users.sessions(visit.reader, found.id)
    also = {
        **_words(),
        "roles": list(visit.accounts.users.roles),
        "rows": rows,
        "error": error,
        "own": found.id == visit.reader.id,
    }
    return Show(
        template="user.html",
        title=found.name,
        model={"user": found, "sessions": sessions},
        also=also,
        crumbs=(("Users", visit.url("users")),),
        status=422 if error else 200,
    )


def _new(visit: Visit, given: dict[str, str], rows: list[rights.Row], error: str = "") -> Show:
    also = {**_words(), "roles": list(visit.accounts.users.roles), "rows": rows, "given": given, "error": error}
    crumbs = (("Users", visit.url("users")),)
    return Show(template="user_new.html", title="New user", also=also, crumbs=crumbs, status=422 if error else 200)


def _words() -> dict[str, object]:
    return {"kinds": rights.KINDS, "verbs": tuple(Verb), "in_words": rights.words}


PAGES = (
    Page(name="users", path="/users", view=users, needs=Verb.ADMIN, part=Part.ACCOUNTS),
    Page(name="users.create", path="/users", view=create, methods=("POST",), needs=Verb.ADMIN, part=Part.ACCOUNTS),
    Page(name="users.new", path="/users/new", view=new, needs=Verb.ADMIN, part=Part.ACCOUNTS),
    Page(name="user", path="/users/{user}", view=user, needs=Verb.ADMIN, part=Part.ACCOUNTS),
    Page(name="user.do", path="/users/{user}", view=change, methods=("POST",), needs=Verb.ADMIN, part=Part.ACCOUNTS),
)
