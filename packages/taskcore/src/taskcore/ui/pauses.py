"""Who paused a queue, when and why, where the queue's own source does not know: the audit log does."""

from dataclasses import replace

from taskcore.auth.accounts import Accounts
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.errors import AccountNotFound
from taskcore.ui.models import Action
from taskcore.ui.models.queues import QueueRow

_LOOKED_AT = 20
"""Newest entries about a queue that are searched for its last pause."""
_REASON = "reason: "


async def explained(row: QueueRow, accounts: Accounts | None) -> QueueRow:
    """``row`` with what the audit log knows of its pause: nothing, unless it was paused by way of the dashboard."""
    if not row.paused or row.paused_by or row.reason or accounts is None:
        return row
    entries = await accounts.entries(SYSTEM, AuditQuery(target=f"queue:{row.name}", limit=_LOOKED_AT))
    about = (f"queue.{Action.PAUSE_QUEUE}", f"queue.{Action.RESUME_QUEUE}")
    last = next((entry for entry in entries if entry.action in about), None)
    if last is None or last.action != about[0]:
        return row
    reason = last.detail.partition(_REASON)[2]
    return replace(row, paused_by=await _name(accounts, last.actor), paused_at=last.at, reason=reason)


async def _name(accounts: Accounts, actor: str) -> str:
    """A user's name; the id of a key, or of somebody who is gone."""
    try:
        return (await accounts.users.get(SYSTEM, actor)).name
    except AccountNotFound:
        return actor
