"""Who is at the other end when a reverse proxy stands between, and what the client itself asked for.

Anybody can write a forwarding header, so one is read only where it comes from an address that was configured, and only
the one header that this proxy sets: another one would be the client's own, passed on as it came.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from taskcore.auth.loopback import is_loopback
from taskcore.errors import InvalidInput

Address = IPv4Address | IPv6Address

_SCHEMES = ("http", "https")
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PAIR = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]*)\s*')
_FORWARDING = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)


class Forwarding(StrEnum):
    """Which headers the proxy sets."""

    X_FORWARDED = "x-forwarded-for"
    """X-Forwarded-For, -Proto and -Host."""
    FORWARDED = "forwarded"
    """Forwarded, of RFC 7239."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy said of whoever asked it. "" where it said nothing that could be read."""

    client: str = ""
    scheme: str = ""
    host: str = ""


class TrustedProxies:
    """The proxies that are believed, as addresses and networks ("10.0.0.0/8", "::1"), or "unix" for those that speak
    through a Unix socket, which have no address. By default there are none.

    Raises:
        InvalidInput: one of them is no network.
    """

    def __init__(self, networks: Iterable[str] = (), *, forwarding: Forwarding = Forwarding.X_FORWARDED) -> None:
        named = {network.strip() for network in networks}
        self._socket = "unix" in named
        self._networks = tuple(map(_network, sorted(named - {"unix"})))
        self._forwarding = forwarding

    def __contains__(self, address: object) -> bool:
        if address == "":
            return self._socket
        if not self._networks:
            return False
        parsed = _address(address) if isinstance(address, str) else None
        return parsed is not None and any(parsed in network for network in self._networks)

    def client_of(self, peer: str, headers: Headers) -> Hop:
        """The client behind ``peer``: the nearest address that is no trusted proxy, and what the proxy it reached
        said of its request. Where a proxy did not say whom it spoke for, the client is that proxy."""
        nearest = Hop(peer)
        if peer not in self:
            return nearest
        for hop in reversed(list(self._hops(headers))):
            if _address(hop.client) is None:
                return Hop(nearest.client, hop.scheme, hop.host)
            nearest = hop
            if hop.client not in self:
                break
        return nearest

    def _hops(self, headers: Headers) -> Iterator[Hop]:
        if self._forwarding is Forwarding.FORWARDED:
            yield from _forwarded(",".join(headers.getlist("forwarded")))
            return
        # Of scheme and host each proxy may write its own or pass on the one before; the last is the trusted peer's.
        scheme = _last(headers, "x-forwarded-proto").lower()
        host = _last(headers, "x-forwarded-host")
        scheme, host = scheme if scheme in _SCHEMES else "", host if _HOST.fullmatch(host) else ""
        for client in _listed(headers, "x-forwarded-for") or [""]:
            yield Hop(_without_port(client), scheme, host)


class ProxyHeaders:
    """Rewrites client, scheme and Host of a request to what the trusted proxies say of it; without any it does nothing.

    Run uvicorn with ``proxy_headers=False`` below it, so that one of them decides.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and peer_of(scope) in self._proxies:
            self._rewrite(scope)
        await self._app(scope, receive, send)

    def _rewrite(self, scope: Scope) -> None:
        hop = self._proxies.client_of(peer_of(scope), Headers(scope=scope))
        scope["client"] = (hop.client, 0)
        if hop.scheme:
            secure = hop.scheme == "https"
            scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else hop.scheme
        if hop.host:
            scope["headers"] = list(scope["headers"])
            MutableHeaders(scope=scope)["host"] = hop.host


def peer_of(scope: Scope) -> str:
    """The client's address, "" when the server does not know it (a Unix socket)."""
    client = scope.get("client")
    return client[0] if client else ""


def is_local(scope: Scope) -> bool:
    """Whether a program on this very machine asks, and not for anybody else."""
    return is_loopback(peer_of(scope)) and not is_forwarded(scope)


def is_forwarded(scope: Scope) -> bool:
    """Whether it says nothing about the sender that the peer is on this machine: a proxy may be on it too, and a name
    that somebody else's DNS points here is what pages on the web send their readers' requests to (DNS rebinding).

    A proxy that adds no header to what it passes on looks like a person. nginx that nobody told otherwise is one, but
    speaks HTTP/1.0, as hardly anybody else does.
    """
    if scope.get("http_version") == "1.0" or not _FORWARDING.isdisjoint(name for name, _ in scope["headers"]):
        return True
    return not _is_local_name(Headers(scope=scope).get("host", ""))


@lru_cache(maxsize=256)  # every request asks, nearly always about the same few
def _is_local_name(host: str) -> bool:
    name = _without_port(host).lower()
    return "." not in name or name.endswith(".localhost") or _address(name) is not None


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidInput(f'a trusted proxy is an address or a network like "10.0.0.0/8", got {text!r:.80}') from error


def _listed(headers: Headers, name: str) -> list[str]:
    return [part.strip() for part in ",".join(headers.getlist(name)).split(",") if part.strip()]


def _last(headers: Headers, name: str) -> str:
    return next(reversed(_listed(headers, name)), "")


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _forwarded(text: str) -> Iterator[Hop]:
    """The elements of a Forwarded header. One that cannot be read ends up as a hop that says nothing."""
    for element in _split(text, ","):
        pairs: Mapping[str, str] = dict(_pairs(element))
        scheme, host = pairs.get("proto", "").lower(), pairs.get("host", "")
        yield Hop(
            _without_port(pairs.get("for", "")),
            scheme if scheme in _SCHEMES else "",
            host if _HOST.fullmatch(host) else "",
        )


def _pairs(element: str) -> Iterator[tuple[str, str]]:
    for part in _split(element, ";"):
        if match := _PAIR.fullmatch(part):
            value = match[2]
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            yield match[1].lower(), value


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside of quoted strings."""
    parts: list[str] = []
    start, quoted, escaped = 0, False, False
    for index, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\" and quoted:
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == separator and not quoted:
            parts.append(text[start:index])
            start = index + 1
    # A quote that never ends is a client's, meant to swallow what the proxy has added behind it.
    return text.split(separator) if quoted else [*parts, text[start:]]
