"""To another page, with a word about what was done."""

from starlette.responses import RedirectResponse

from taskcore.ui import flash
from taskcore.ui.page import Visit


def moved(visit: Visit, address: str, text: str = "", kind: str = "ok") -> RedirectResponse:
    """The answer to a form that was accepted: the browser asks for ``address``, which says ``text``."""
    answer = RedirectResponse(address, 303)
    if text:
        flash.leave(answer, flash.Toast(text, kind), visit.url.root, secure=visit.is_secure)
    return answer
