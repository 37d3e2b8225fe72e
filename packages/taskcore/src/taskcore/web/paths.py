"""Addresses within an application, wherever it is mounted."""

from starlette.types import ASGIApp, Receive, Scope, Send

from taskcore.web.problems import Problem


def path_below_root(scope: Scope) -> str:
    """The path as the application's own routes see it: without the prefix it is mounted or proxied under."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path


def local_path(target: str, default: str = "/") -> str:
    """``target`` if it leads to a path of this very host, ``default`` otherwise; for addresses that a client names.

    "//evil.example" and "/\\\\evil.example" lead elsewhere in a browser, and so does what it strips, as in "/\\t/evil".
    """
    plain = target.startswith("/") and target.isprintable() and "\\" not in target
    return target if plain and not target.startswith("//") else default


class RefuseNul:
    """Answers 400 to an address with a NUL in it: no name has one, and some databases fail on it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            raise Problem(400, "the address has a NUL character in it (%00); leave it out", code="nul_in_address")
        await self._app(scope, receive, send)
