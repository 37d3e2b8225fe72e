"""Who did what, for the audit log; where there are no accounts, for the program's own log."""

import logging

from taskcore.auth.auditing import Origin
from taskcore.ui.page import Visit
from taskcore.web.auth import origin_of

logger = logging.getLogger("taskcore.audit")


def origin(visit: Visit) -> Origin:
    """Where the visitor's request came from."""
    return origin_of(visit.request)


async def record(visit: Visit, action: str, target: str, detail: str = "") -> None:
    """Note what the visitor did. It stays done when it cannot be written down: then the program's log has it."""
    by = visit.principal
    name = by.name if by else "nobody"
    if by is None or visit.site.accounts is None:
        logger.info("%r: %s %r %r", name, action, target, detail)
        return
    try:
        await visit.site.accounts.audit(by, action, target, detail, origin=origin(visit))
    except Exception:
        logger.exception("not in the audit log: %r: %s %r %r", name, action, target, detail)
