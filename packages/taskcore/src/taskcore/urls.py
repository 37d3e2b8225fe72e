"""URLs of servers as they may be shown. What is written wrong hides the more: a password with "/", "?" or "@" in it
that is not percent-encoded is where nobody looks for one.
"""

HIDDEN = "***"

_SECRETS = ("pass", "pwd", "secret", "token", "key", "auth")


def masked(url: str) -> str:
    """The URL with ``***`` for its passwords, and for all of it behind the scheme where nobody can say what is one."""
    scheme, separator, rest = url.partition("://")
    rest, mark, options = rest.partition("?")
    user, at, place = rest.rpartition("@")
    if not separator or "@" in options or not (at or _is_place(place)):
        return f"{scheme}://{HIDDEN}" if separator else HIDDEN
    name, colon, _ = user.partition(":")
    return f"{scheme}://{name}{colon and f':{HIDDEN}'}{at}{place}{mark}{_shown(options)}"


def place_of(url: str) -> str:
    """Hosts, ports and path: the URL without scheme, user, password and options."""
    return masked(url).partition("://")[2].rpartition("@")[2].partition("?")[0]


def _is_place(text: str) -> bool:
    """Whether there are only numbers where ports belong; a password without its "@" is there, too."""
    hosts = text.partition("/")[0].split(",")
    ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts]
    return all(not port or (port.isdecimal() and len(port) < 6) for port in ports)


def _shown(options: str) -> str:
    """The options without the values of secret ones, nor what has no name: it may go on with a password."""
    parts = [option.partition("=") for option in options.split("&")]
    shown = [(name, HIDDEN if any(each in name.lower() for each in _SECRETS) else value) for name, _, value in parts]
    return "&".join(f"{name}={value}" for (name, value), (_, is_named, _) in zip(shown, parts, strict=True) if is_named)
