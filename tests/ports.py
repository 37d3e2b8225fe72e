"""Ports of this machine for servers of tests, whichever program they are."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """A free port for one server, again and again; until the end nobody is given it by chance."""
    with socket.socket() as kept:
        # Bound but not listening: a server that sets this too, as all do, may have it, and connections are refused.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]
