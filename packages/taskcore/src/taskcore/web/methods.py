"""Which methods an address answers to. A router stops at the first route whose path fits; there may be more."""

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

_ROOT = "taskcore.root_path"


def remember_root(scope: Scope) -> None:
    """Note where the application is mounted: routing moves ``root_path`` on to its mounted parts."""
    scope[_ROOT] = scope.get("root_path", "")


def allowed_methods(scope: Scope) -> frozenset[str]:
    """The methods of all routes of the application whose path fits; empty when nobody can say."""
    routes: Iterable[BaseRoute] = getattr(scope.get("app"), "routes", ())
    return frozenset(_methods(routes, {**scope, "root_path": scope.get(_ROOT, scope.get("root_path", ""))}))


def _methods(routes: Iterable[BaseRoute], scope: dict[str, Any]) -> Iterator[str]:
    for route in routes:
        match, below = route.matches(scope)
        if match is Match.NONE:
            continue
        if parts := getattr(route, "routes", None):
            yield from _methods(parts, {**scope, **below})
        else:
            yield from getattr(route, "methods", None) or ()
