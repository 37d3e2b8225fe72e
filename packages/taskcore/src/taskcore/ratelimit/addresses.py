"""What counts as one address: somebody with IPv6 has 2**64 of them at home."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address


def parsed(peer: str) -> IPv4Address | IPv6Address | None:
    """The address that ``peer`` is, an IPv4 one out of its IPv6 form; None when it is a name or nonsense."""
    try:
        address = ip_address(peer.strip().strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def address_key(peer: str | None) -> str:
    """The key under which ``peer`` is counted: an IPv4 address itself, an IPv6 address by its /64 network.

    What is no address (a Unix socket, a test client) is counted under its own text, and nobody under "unknown".
    """
    address = parsed(peer or "")
    if isinstance(address, IPv6Address):
        return f"ip:{IPv6Network((int(address), 64), strict=False).network_address}/64"
    return f"ip:{address or (peer or 'unknown')[:100]}"
