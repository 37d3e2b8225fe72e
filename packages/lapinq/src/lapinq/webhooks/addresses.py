"""Where webhooks may go: not to this machine, nor to its neighbours, unless that is allowed.

A name is judged by all addresses that it has, and the connection then goes to one of those, so that a second look-up
cannot lead elsewhere.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from taskcore.errors import InvalidInput

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_NEIGHBOURS = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # answered by the host of a virtual machine in Azure
            "192.0.0.0/24",  # among them 192.0.0.192, the metadata of Oracle's cloud
            "fec0::/10",  # what was called site-local
        ),
    )
)
"""Nearby, whatever the version of Python says."""
_HERE = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_WITHIN = (".localhost", ".local", ".internal", ".localdomain")


class Refused(InvalidInput):
    """A webhook must not go there."""

    code = "webhook_refused"


def is_public(address: Address) -> bool:
    """Whether an address is somewhere in the internet, and not on this machine or next to it."""
    inner = _inside(address)
    if inner is not address:
        return is_public(inner)
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not special and not any(address in network for network in _NEIGHBOURS)


def check_literal(url: str) -> None:
    """Refuse a URL whose host can be judged without a look-up: an address, or a name of this machine.

    Raises:
        Refused: it is not public.
    """
    host = (urlsplit(url).hostname or "").rstrip(".").partition("%")[0]
    if host in _HERE or host.endswith(_WITHIN):
        raise Refused("webhook_url must not lead to this machine or its network")
    address = _literal(host)
    if address is not None and not is_public(address):
        raise Refused(f"webhook_url must not lead to a private address, got {address}")


async def resolve(host: str, port: int, *, allow_private: bool = False) -> Sequence[str]:
    """The addresses of a host, each of which may be connected to.

    Raises:
        Refused: one of them is not public. OSError: it has none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise Refused("the host of webhook_url is no name") from error
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    hidden = [address for address in addresses if not is_public(ip_address(address.partition("%")[0]))]
    if hidden and not allow_private:
        raise Refused(f"{host} has the address {hidden[0]}, to which webhooks must not go")
    return addresses


def _inside(address: Address) -> Address:
    """The IPv4 address that one of IPv6 leads to, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _literal(host: str) -> Address | None:
    """The address that a host spells out, also as 127.1, 0x7f000001 or 2130706433."""
    with suppress(ValueError):
        return ip_address(host)
    with suppress(OSError, UnicodeError):
        return IPv4Address(socket.inet_aton(host))
    return None
