"""Who may do what to what: verbs on queues, pipelines and task groups. What nobody granted is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase


class Verb(StrEnum):
    """What one can do."""

    VIEW = "view"
    ENQUEUE = "enqueue"
    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    PAUSE = "pause"
    ADMIN = "admin"
    """Users, keys, audit and settings; it includes every other verb. It has no resource, so that only a grant for all
    of them gives it: one with a kind or pattern gives the other verbs there."""


class Kind(StrEnum):
    """What it is done to."""

    QUEUE = "queue"
    PIPELINE = "pipeline"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission for ``verbs`` on resources of ``kind`` (None: of every kind) whose whole names match ``pattern``:
    ``*`` stands for any text, ``?`` for one character, everything else for itself."""

    verbs: frozenset[Verb]
    kind: Kind | None = None
    pattern: str = "*"

    def allows(self, verb: Verb, kind: Kind, name: str) -> bool:
        if verb is Verb.ADMIN:
            return self.gives(verb)
        return self.gives(verb) and self.kind in (None, kind) and self._fits(name)

    def _fits(self, name: str) -> bool:
        # In fnmatch a bracket begins a set; here it is a bracket.
        return self.pattern == "*" or fnmatchcase(name, self.pattern.replace("[", "[[]"))

    def gives(self, verb: Verb) -> bool:
        """Whether it allows ``verb`` on what it is for."""
        if verb is Verb.ADMIN:
            return verb in self.verbs and self.kind is None and self.pattern == "*"
        return verb in self.verbs or Verb.ADMIN in self.verbs

    def covers(self, verb: Verb, other: "Grant") -> bool:
        """Whether it gives ``verb`` wherever ``other`` does. Patterns are compared as text: what is not obvious is
        denied."""
        everywhere = self.kind in (None, other.kind) and self.pattern in ("*", other.pattern)
        return everywhere and not self.verbs.isdisjoint({verb, Verb.ADMIN})


_ALL = frozenset(Verb)
VIEWER, OPERATOR, ADMIN = "viewer", "operator", "admin"
ROLES: Mapping[str, tuple[Grant, ...]] = {
    VIEWER: (Grant(frozenset({Verb.VIEW})),),
    OPERATOR: (Grant(_ALL - {Verb.ADMIN, Verb.DELETE}),),
    ADMIN: (Grant(_ALL),),
}


def allowed(grants: Iterable[Grant], verb: Verb, kind: Kind, name: str) -> bool:
    """Whether any of ``grants`` allows ``verb`` on the resource of ``kind`` called ``name``."""
    return any(grant.allows(verb, kind, name) for grant in grants)


def within(grants: Iterable[Grant], limit: Iterable[Grant]) -> tuple[Grant, ...]:
    """What of ``grants`` one of ``limit`` gives too: nobody hands on more than they have."""
    limit = tuple(limit)
    cut = (
        replace(grant, verbs=frozenset(verb for verb in grant.verbs if any(each.covers(verb, grant) for each in limit)))
        for grant in grants
    )
    return tuple(grant for grant in cut if grant.verbs)
