"""The cookie that carries a browser's session."""

from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie:
    """How the cookie is called and where it is sent; pages' scripts never see it.

    Over https at the path "/" its name begins with ``__Host-``, and browsers then accept it from this host alone: no
    other subdomain can plant one. Two applications on one host need two names, as cookies do not tell ports apart.

    Attributes:
        secure: None marks it so over https and not over plain http; True always.
    """

    name: str = "tc_session"
    path: str = "/"
    secure: bool | None = None
    same_site: Literal["lax", "strict"] = "lax"

    def read(self, scope: Scope) -> str | None:
        """The session's secret that a request shows, or None."""
        for header in Headers(scope=scope).getlist("cookie"):
            if value := cookie_parser(header).get(self._full_name(scope)):
                return value
        return None

    def give(self, response: Response, scope: Scope, secret: str, *, seconds: int) -> None:
        """Let the browser keep ``secret`` for so long."""
        self._set(response, scope, secret, seconds)

    def take_back(self, response: Response, scope: Scope) -> None:
        """Let the browser forget it."""
        self._set(response, scope, "", 0)

    def _set(self, response: Response, scope: Scope, value: str, seconds: int) -> None:
        response.set_cookie(
            self._full_name(scope),
            value,
            max_age=seconds,
            path=self.path,
            secure=self._is_secure(scope),
            httponly=True,
            samesite=self.same_site,
        )

    def _is_secure(self, scope: Scope) -> bool:
        return scope["scheme"] in ("https", "wss") if self.secure is None else self.secure

    def _full_name(self, scope: Scope) -> str:
        return f"__Host-{self.name}" if self._is_secure(scope) and self.path == "/" else self.name
