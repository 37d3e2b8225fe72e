"""Which servers are measured: those that ``TASKCORE_POSTGRES_URL`` and ``TASKCORE_REDIS_URL`` name, otherwise the
machine's own where they answer, otherwise embedded ones. ``TASKCORE_SERVERS=embedded`` leaves the machine's alone."""

import os
import socket
from functools import cache
from urllib.parse import urlsplit

from taskcore import embedded

MACHINES: dict[embedded.Kind, str] = {
    "postgres": "postgresql://root@127.0.0.1:5432/postgres",
    "redis": "redis://127.0.0.1:6379/0",
}


@cache
def server(kind: embedded.Kind) -> str:
    """Its URL; an embedded one runs until this process ends."""
    given = os.environ.get(f"TASKCORE_{kind.upper()}_URL")
    if not given and os.environ.get("TASKCORE_SERVERS") != "embedded" and answers(MACHINES[kind]):
        return MACHINES[kind]
    return embedded.resolve_url(given, kind)


def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True
