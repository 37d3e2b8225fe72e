"""Somebody who has been recognised."""

from dataclasses import dataclass

from taskcore.auth.permissions import ROLES, Grant, Kind, Verb, allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts, how they proved it, and what they may do.

    Attributes:
        id: of the user or key, as in audit entries.
        name: for people.
        role: one of the face's roles; those of ``ROLES`` bring their grants.
        via: "session", "key", "token", "password", "loopback".
        credential: which session or key it was; its id, never its secret.
    """

    id: str
    name: str
    role: str
    grants: tuple[Grant, ...] = ()
    via: str = ""
    credential: str | None = None

    def may(self, verb: Verb, kind: Kind = Kind.QUEUE, name: str = "") -> bool:
        """Whether they may do ``verb`` to the resource of ``kind`` called ``name``; "" asks about no resource in
        particular, which only a grant for all of them allows."""
        return allowed((*ROLES.get(self.role, ()), *self.grants), verb, kind, name)

    def may_anywhere(self, verb: Verb) -> bool:
        """Whether there is any resource at all to which they may do ``verb``."""
        grants = (*ROLES.get(self.role, ()), *self.grants)
        return any(verb in grant.verbs or Verb.ADMIN in grant.verbs for grant in grants)
