"""Grants as a JSON document."""

import json
from collections.abc import Iterable

from taskcore.auth.permissions import Grant, Kind, Verb


def dump_grants(grants: Iterable[Grant]) -> str:
    return json.dumps([[sorted(grant.verbs), grant.kind, grant.pattern] for grant in grants])


def load_grants(text: str) -> tuple[Grant, ...]:
    return tuple(
        Grant(frozenset(map(Verb, verbs)), None if kind is None else Kind(kind), pattern)
        for verbs, kind, pattern in json.loads(text)
    )
