"""Who did what, for the audit log; where there are no accounts, for the program's own log."""

import logging

from taskcore.auth.auditing import Origin
from taskcore.ui.page import Visit
from taskcore.web.proxies import peer_of
from taskcore.web.request_ids import current_request_id

logger = logging.getLogger("taskcore.audit")


def origin(visit: Visit) -> Origin:
    """Where the visitor's request came from."""
    agent = visit.request.headers.get("User-Agent", "")
    return Origin(peer=peer_of(visit.request.scope), user_agent=agent, request_id=current_request_id())


async def record(visit: Visit, action: str, target: str, detail: str = "") -> None:
    """Note what the visitor did."""
    by = visit.principal
    if by is not None and visit.site.accounts is not None:
        await visit.site.accounts.audit(by, action, target, detail, origin=origin(visit))
    else:
        logger.info("%s: %s %s %s", by.name if by else "nobody", action, target, detail)
