"""Keys for programs. Admins see all of them, everybody else their own."""

from datetime import timedelta

from starlette.responses import Response

from taskcore.auth.keys import GRACE, IssuedKey
from taskcore.auth.permissions import Verb
from taskcore.errors import InvalidInput
from taskcore.ui import rights
from taskcore.ui.links import within
from taskcore.ui.moved import moved
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.record import origin
from taskcore.ui.site import Part

ROWS = 100
LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "It does not expire"}


async def keys(visit: Visit) -> Show:
    return await _keys(visit)


async def create(visit: Visit) -> Show:
    """Make a key, and show it this one time."""
    form, given = await visit.form(), await visit.answers()
    rows = rights.rows_in(form)
    try:
        issued = await visit.accounts.keys.create(
            visit.reader,
            given.get("name", ""),
            role=given.get("role", ""),
            grants=rights.grants_of(rows),
            owner=_owner(visit),
            lifetime=_lifetime(given.get("days", "")),
            origin=origin(visit),
        )
    except InvalidInput as error:
        return await _keys(visit, given, rows, f"{error}.")
    return _issued(visit, issued)


async def change(visit: Visit) -> Show | Response:
    """Replace a key, or end it."""
    key, given = visit.param("key"), await visit.answers()
    if given.get("do") == "rotate":
        return _issued(visit, await visit.accounts.keys.rotate(visit.reader, key, origin=origin(visit)))
    await visit.accounts.keys.revoke(visit.reader, key, origin=origin(visit))
    return moved(visit, within(given.get("next"), visit.url.root) or visit.url("keys"), "The key was revoked.")


def _issued(visit: Visit, issued: IssuedKey) -> Show:
    """Plain: the one place where the secret is to be read."""
    return Show(
        template="key_issued.html",
        title="A new key",
        model={"key": issued.key, "secret": issued.text},
        also={"grace": GRACE},
        crumbs=(("API keys", visit.url("keys")),),
        plain=True,
    )


async def _keys(
    visit: Visit, given: dict[str, str] | None = None, rows: list[rights.Row] | None = None, error: str = ""
) -> Show:
    mine = None if visit.may(Verb.ADMIN) else visit.reader.id
    found = await visit.accounts.keys.page(visit.reader, owner=mine, after=visit.query.get("after"), limit=ROWS + 1)
    shown = found[:ROWS]
    also = {
        "given": {"days": "90", "role": visit.reader.role, **(given or {})},
        "rows": rows or rights.rows_of(()),
        "roles": list(visit.accounts.users.roles),
        "lifetimes": LIFETIMES,
        "kinds": rights.KINDS,
        "verbs": tuple(Verb),
        "in_words": rights.words,
        "error": error,
        "may_create": visit.reader.via == "session",
    }
    model = {"keys": shown, "older": shown[-1].id if len(found) > ROWS else None}
    return Show(template="keys.html", title="API keys", model=model, also=also, status=422 if error else 200)


def _lifetime(days: str) -> timedelta | None:
    """Raises InvalidInput for what the form does not offer."""
    if days not in LIFETIMES:
        raise InvalidInput("choose for how long the key is good")
    return timedelta(days=int(days)) if days else None


def _owner(visit: Visit) -> str | None:
    """Keys belong to who made them, so that they end with their account."""
    return visit.reader.id if visit.reader.via in ("session", "password") else None


PAGES = (
    Page(name="keys", path="/keys", view=keys, needs=None, part=Part.ACCOUNTS),
    Page(name="keys.create", path="/keys", view=create, methods=("POST",), needs=None, part=Part.ACCOUNTS),
    Page(name="key.do", path="/keys/{key}", view=change, methods=("POST",), needs=None, part=Part.ACCOUNTS),
)
