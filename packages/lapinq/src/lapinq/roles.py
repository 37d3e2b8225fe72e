"""What somebody may be, and may then do."""

from collections.abc import Iterable, Mapping

from taskcore.auth.permissions import ADMIN, ROLES, Grant, Kind, Verb

USER = "user"
"""Reads everything; more only where they have been granted it, queue by queue."""

USER_ROLES: Mapping[str, tuple[Grant, ...]] = {ADMIN: ROLES[ADMIN], USER: (Grant(frozenset({Verb.VIEW})),)}

GRANTED = (Verb.CANCEL, Verb.DELETE)
"""What permissions give on a queue."""

_PATTERN = frozenset("*?")


def grants_of(permissions: object) -> tuple[Grant, ...]:
    """What ``{"queues": {"video": ["delete", "cancel"]}}`` grants; whatever else it says grants nothing."""
    queues = permissions.get("queues") if isinstance(permissions, Mapping) else None
    return tuple(
        Grant(verbs, Kind.QUEUE, queue)
        for queue, words in (queues.items() if isinstance(queues, Mapping) else ())
        if (verbs := _verbs(words)) and _PATTERN.isdisjoint(queue)  # which would stand for other queues too
    )


def permissions_of(grants: Iterable[Grant]) -> dict[str, dict[str, list[str]]]:
    """The same, back; ``{}`` for nobody's."""
    queues = {
        grant.pattern: [verb.value for verb in GRANTED if verb in grant.verbs]
        for grant in grants
        if grant.kind is Kind.QUEUE
    }
    return {"queues": queues} if queues else {}


def _verbs(words: object) -> frozenset[Verb]:
    return frozenset(verb for verb in GRANTED if isinstance(words, list) and verb.value in words)
