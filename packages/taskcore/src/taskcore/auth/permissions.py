"""Who may do what to what: verbs on queues, pipelines and task groups. What nobody granted is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """Users, keys, audit and settings; it includes every other verb."""


class Kind(StrEnum):
    """What it is done to."""

    QUEUE = "queue"
    PIPELINE = "pipeline"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission for ``verbs`` on resources of ``kind`` whose names match ``pattern`` (``*`` and ``?``)."""

    verbs: frozenset[Verb]
    kind: Kind | None = None
    pattern: str = "*"

    def allows(self, verb: Verb, kind: Kind, name: str) -> bool:
        if self.kind not in (None, kind) or not fnmatchcase(name, self.pattern):
            return False
        return verb in self.verbs or Verb.ADMIN in self.verbs


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
