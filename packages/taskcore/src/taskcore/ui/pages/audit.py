"""Who did what, for admins; it only grows."""

from dataclasses import replace
from datetime import UTC, datetime

from taskcore.auth.permissions import Verb
from taskcore.auth.records import AuditEntry, AuditQuery
from taskcore.errors import InvalidInput
from taskcore.redaction import Redactor
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part

ROWS = 100
MOST_NAMES = 1_000
FILTERS = ("actor", "action", "target")


async def audit(visit: Visit) -> Show:
    """Entries, newest first, by pages."""
    asked = {name: value for name, value in visit.query.items() if value}
    query = AuditQuery(
        **{name: asked.get(name) for name in FILTERS},
        since=_instant(asked.get("since")),
        until=_instant(asked.get("until")),
        after=asked.get("cursor"),
        limit=ROWS + 1,
    )
    found = await visit.accounts.entries(visit.reader, query)
    shown = [_safe(entry, visit.site.redactor) for entry in found[:ROWS]]
    model = {"entries": shown, "older": shown[-1].id if len(found) > ROWS else None}
    names = {user.id: user.name for user in await visit.accounts.users.page(visit.reader, limit=MOST_NAMES)}
    also = {"names": names, "asked": asked, "filtered": any(name in asked for name in (*FILTERS, "since", "until"))}
    return Show(template="audit.html", title="Audit log", model=model, also=also, plain=True)


def _safe(entry: AuditEntry, redactor: Redactor) -> AuditEntry:
    """Without secrets in what others wrote. Who acted is none, though "token:ci" reads like one."""
    return replace(entry, target=redactor.text(entry.target), detail=redactor.text(entry.detail))


def _instant(text: str | None) -> datetime | None:
    """An instant as a form writes it; without a zone it is UTC."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"a time is written as 2026-11-21T22:30, got {text!r:.40}") from error


PAGES = (Page(name="audit", path="/audit", view=audit, needs=Verb.ADMIN, part=Part.ACCOUNTS),)
