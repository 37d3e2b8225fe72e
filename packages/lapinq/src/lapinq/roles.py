"""What somebody may be, and may then do."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from taskcore.auth.permissions import ADMIN, ROLES, Grant, Kind, Verb
from taskcore.errors import InvalidInput
from taskcore.models.task import check_name

USER = "user"
"""Reads everything; more only where they have been granted it, queue by queue."""

USER_ROLES: Mapping[str, tuple[Grant, ...]] = {USER: (Grant(frozenset({Verb.VIEW})),), ADMIN: ROLES[ADMIN]}
"""The one that forms begin with is the first."""

GRANTED = (Verb.CANCEL, Verb.DELETE)
"""What permissions give on a queue."""
KEY_GRANTED = (Verb.VIEW, Verb.ENQUEUE, Verb.RETRY, Verb.CANCEL, Verb.DELETE, Verb.PAUSE)
"""What those of a key give: its role may bring nothing."""
EVERY_QUEUE = "*"

_PATTERN = frozenset("*?")


def grants_of(permissions: object, verbs: Collection[Verb] = GRANTED) -> tuple[Grant, ...]:
    """What ``{"queues": {"video": ["delete", "cancel"]}}`` grants; whatever else it says grants nothing."""
    queues = permissions.get("queues") if isinstance(permissions, Mapping) else None
    return tuple(
        Grant(found, Kind.QUEUE, queue)
        for queue, words in (queues.items() if isinstance(queues, Mapping) else ())
        if (found := _verbs(words, verbs)) and _PATTERN.isdisjoint(queue)  # which would stand for other queues too
    )


def checked_grants(permissions: object) -> tuple[Grant, ...]:
    """The same, of what must all be understood: who believes to have granted something, has.

    Raises:
        InvalidInput: something in it grants nothing.
    """
    return grants_of({"queues": _checked(permissions, GRANTED)})


def key_grants(permissions: object) -> tuple[Grant, ...]:
    """What the same gives to a key, which may have more on a queue, and on every queue, ``*``.

    Raises:
        InvalidInput: something in it grants nothing.
    """
    queues = _checked(permissions, KEY_GRANTED)
    everywhere = _verbs(queues.pop(EVERY_QUEUE, []), KEY_GRANTED)
    one_by_one = grants_of({"queues": queues}, KEY_GRANTED)
    return (*([Grant(everywhere, Kind.QUEUE, EVERY_QUEUE)] if everywhere else []), *one_by_one)


def permissions_of(grants: Iterable[Grant], verbs: Sequence[Verb] = GRANTED) -> dict[str, dict[str, list[str]]]:
    """The same, back; ``{}`` for nobody's."""
    queues = {
        grant.pattern: [verb.value for verb in verbs if verb in grant.verbs]
        for grant in grants
        if grant.kind is Kind.QUEUE
    }
    return {"queues": queues} if queues else {}


def _checked(permissions: object, verbs: Collection[Verb]) -> dict[str, list[str]]:
    queues = permissions.get("queues", {}) if isinstance(permissions, Mapping) else None
    if not isinstance(permissions, Mapping) or set(permissions) - {"queues"} or not isinstance(queues, Mapping):
        raise InvalidInput('permissions are {"queues": {"<queue>": ["delete", "cancel"]}}')
    for queue, words in queues.items():
        check_name("queue", queue)
        if not isinstance(words, list) or any(word not in verbs for word in words):
            raise InvalidInput(f"what can be granted on a queue is a list of {', '.join(verbs)}, got {words!r:.80}")
        if words and not (_PATTERN.isdisjoint(queue) or (queue == EVERY_QUEUE and verbs is KEY_GRANTED)):
            raise InvalidInput(f"a queue that is granted must not have * or ? in its name, got {queue!r:.80}")
    return dict(queues)


def _verbs(words: object, verbs: Collection[Verb]) -> frozenset[Verb]:
    return frozenset(verb for verb in verbs if isinstance(words, list) and verb.value in words)
