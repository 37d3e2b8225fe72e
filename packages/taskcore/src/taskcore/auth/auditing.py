"""Who did what, from where: one entry for each change, and for each login that was refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskcore.auth.principal import Principal
from taskcore.auth.records import AuditEntry, AuditQuery, NewAuditEntry
from taskcore.auth.stores import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from: the client's address behind trusted proxies, its program, and the request's id."""

    peer: str = ""
    user_agent: str = ""
    request_id: str = ""


HERE = Origin()
"""This program itself: start-up code and command lines."""
NOBODY = Principal(id="", name="", role="", via="")
"""Somebody who was not recognised."""


_PEOPLE = ("session", "password", "link")


class Journal:
    """Writes and reads the audit log. Details are words about what was done; secrets have no business there.

    The actor is the name of a user, which nobody else has at the same time, and the id of anything else ("key:7"),
    whose names are free; ``via`` tells the two apart.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def note(
        self, by: Principal, action: str, target: str = "", detail: str = "", *, origin: Origin = HERE
    ) -> AuditEntry:
        """Note that ``by`` did ``action`` (a dotted word) to ``target`` ("user:7")."""
        new = NewAuditEntry(
            actor=by.name if by.via in _PEOPLE else by.id,
            via=by.via,
            action=action,
            target=target,
            detail=detail,
            peer=origin.peer,
            request_id=origin.request_id,
        )
        return await self._log.add_entry(new)

    async def entries(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """What was done, newest first."""
        return await self._log.entries(query)
