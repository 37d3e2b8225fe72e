"""A real PostgreSQL or Redis for a machine that has neither: from wheels, in a folder, for as long as somebody uses it.

    with embedded.postgres() as url:
        ...

Processes that name the same folder share one server, which stops when the last of them is gone, even by ``kill -9``.
It listens on the loopback interface alone and asks for a password, which is in the URL. Its data stay in the folder.
"""

import atexit
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from taskcore.errors import InvalidInput, StoreUnavailable

if TYPE_CHECKING:
    from taskcore.embedded.server import EmbeddedServer

__all__ = ["FOLDER", "Kind", "postgres", "redis", "resolve_url"]

Kind = Literal["postgres", "redis"]

FOLDER: Final = Path(".taskcore")
"""Where the data are unless somebody says otherwise: in the working directory."""

_SCHEMES: Final = {"postgres": ("postgresql", "postgres"), "redis": ("redis", "rediss", "unix")}
_logger = logging.getLogger(__name__)
_turn = threading.Lock()
_servers: dict[tuple[Kind, Path], "EmbeddedServer"] = {}
"""Those that run until this process ends."""


def postgres(folder: Path = FOLDER) -> "EmbeddedServer":
    """A PostgreSQL that keeps its data in ``folder / "postgres"``."""
    return _server("postgres", folder)


def redis(folder: Path = FOLDER) -> "EmbeddedServer":
    """A Valkey, which speaks the protocol of Redis, that keeps its data in ``folder / "redis"``."""
    return _server("redis", folder)


def resolve_url(url: str | None, kind: Kind, folder: Path = FOLDER) -> str:
    """Answer ``url`` as it is. When it is unset, empty or "embedded", start a server that runs until this process ends.

    That may take a second or two: call it before the event loop, or in a thread.

    Raises:
        InvalidInput: the URL is one of something else.
        MissingExtra: a server must be started, and its wheel is not installed.
        StoreUnavailable: it cannot run here, or not on the data of this folder.
    """
    if url and url != "embedded":
        return _checked(url, kind)
    place = (kind, folder.absolute())
    with _turn:
        if place not in _servers:
            server = _server(kind, folder)
            server.start()
            atexit.register(server.stop)
            _servers[place] = server
            _logger.warning("%s runs embedded, for development; its data are in %s", kind.capitalize(), server.home)
        return _servers[place].url


def _checked(url: str, kind: Kind) -> str:
    scheme, expected = urlsplit(url).scheme, _SCHEMES[kind]
    if scheme.partition("+")[0] not in expected:  # SQLAlchemy names the driver after a plus.
        wanted = ", ".join(f"{name}://..." for name in expected)
        raise InvalidInput(f"a URL of {kind} begins with {wanted}, this one with {scheme!r}; or leave it unset")
    return url


def _server(kind: Kind, folder: Path) -> "EmbeddedServer":
    try:
        # Loaded here only, so that a URL can be resolved on a system that has no such locks.
        from taskcore.embedded.postgresql import PostgreSQL
        from taskcore.embedded.server import EmbeddedServer
        from taskcore.embedded.valkey import Valkey
    except ModuleNotFoundError as error:
        raise StoreUnavailable("embedded servers need Linux or macOS; set the URL of a server") from error
    return EmbeddedServer(PostgreSQL() if kind == "postgres" else Valkey(), folder)
