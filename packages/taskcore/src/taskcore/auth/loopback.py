"""Who counts as somebody on this machine."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from taskcore.auth.permissions import ADMIN
from taskcore.auth.principal import Principal

LOOPBACK = Principal(id="loopback", name="loopback", role=ADMIN, via="loopback")
"""Who they are, where nobody has accounts."""

TEST_CLIENTS = frozenset({"testclient"})
"""What Starlette's test client calls itself; no socket has such a peer."""


@lru_cache(maxsize=256)  # every request asks, nearly always about the same few
def is_loopback(peer: str | None) -> bool:
    """Whether ``peer`` is in 127.0.0.0/8, is ::1, is one of these in IPv4-mapped form, or the in-process test client.

    Nobody in particular (None, "") is not.
    """
    if peer in TEST_CLIENTS:
        return True
    try:
        address = ip_address((peer or "").strip("[]"))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def whence(peer: str, *, forwarded: bool) -> str:
    """Where somebody is, for logins and the audit log. A proxy on this machine is not taken for a person at it: only
    they may use a default password."""
    return f"proxy at {peer}" if forwarded and is_loopback(peer) else peer
