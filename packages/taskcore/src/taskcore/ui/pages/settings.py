"""How the dashboard looks and behaves in this browser."""

from starlette.responses import RedirectResponse, Response

from taskcore.ui import flash
from taskcore.ui.links import within
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.preferences import CHOICES, COOKIE, MAX_AGE


async def settings(visit: Visit) -> Show:
    """The form."""
    return Show(
        template="settings.html", title="Settings", model={"preferences": visit.preferences, "choices": CHOICES}
    )


async def save(visit: Visit) -> Response:
    """Keep what was chosen, and go back to where it was chosen."""
    form = await visit.form()
    chosen = visit.preferences.changed({name: str(value) for name, value in form.items()})
    answer = RedirectResponse(within(str(form.get("next", "")), visit.url.root) or visit.url("settings"), 303)
    answer.set_cookie(
        COOKIE,
        chosen.dump(),
        max_age=MAX_AGE,
        path=visit.url.root or "/",
        secure=visit.is_secure,
        httponly=True,
        samesite="lax",
    )
    if "next" not in form:
        flash.leave(answer, flash.Toast("Settings saved."), visit.url.root, secure=visit.is_secure)
    return answer


PAGES = (
    Page(name="settings", path="/settings", view=settings, needs=None),
    Page(name="settings.save", path="/settings/save", view=save, methods=("POST",), needs=None),
)
