"""Somebody who has been recognised."""

from dataclasses import dataclass

from taskcore.auth.permissions import ADMIN, ROLES, Grant, Kind, Verb, allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts, how they proved it, and what they may do.

    Attributes:
        id: of the user; of others with their kind before it, as in "key:7", "token:ci", "loopback".
        name: for people.
        role: one of the face's roles; those of ``ROLES`` bring their grants.
        via: "session", "key", "token", "password", "loopback", "cli".
        credential: which session or key it was; its id or digest, never its secret.
        must_change_password: every page asks for it.
    """

    id: str
    name: str
    role: str
    grants: tuple[Grant, ...] = ()
    via: str = ""
    credential: str | None = None
    must_change_password: bool = False

    @property
    def all_grants(self) -> tuple[Grant, ...]:
        """What the role brings, and what was granted beside it."""
        return (*ROLES.get(self.role, ()), *self.grants)

    def may(self, verb: Verb, kind: Kind = Kind.QUEUE, name: str = "") -> bool:
        """Whether they may do ``verb`` to the resource of ``kind`` called ``name``; "" asks about no resource in
        particular, which only a grant for all of them allows."""
        return allowed(self.all_grants, verb, kind, name)

    def may_anywhere(self, verb: Verb) -> bool:
        """Whether there is any resource at all to which they may do ``verb``."""
        return any(grant.gives(verb) for grant in self.all_grants)


SYSTEM = Principal(id="system", name="system", role=ADMIN, via="cli")
"""Whoever has the machine: command lines and start-up code."""
