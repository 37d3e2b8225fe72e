"""Where a request came from, as its browser tells; and whether that is here.

An origin is ``scheme://host[:port]``; a port that goes without saying is left out.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SECURE = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def origin(text: str) -> str | None:
    """The origin of a URL, in one spelling; None for "null", other schemes and nonsense."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def own_origin(scope: Scope) -> str | None:
    """The origin that this server has in the client's eyes, after ``ProxyHeaders``."""
    return origin(f"{_SECURE.get(scope['scheme'], '')}://{Headers(scope=scope).get('host', '')}")
