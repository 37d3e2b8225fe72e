"""How to speak to each kind of server, and how to be a process that uses one."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskcore import embedded
from taskcore.embedded.server import EmbeddedServer


@dataclass(frozen=True)
class Kind:
    """How to speak to a kind of server."""

    name: embedded.Kind
    server: Callable[[Path], EmbeddedServer]
    write: Callable[[str], None]
    """Store a word that ``read`` finds."""
    read: Callable[[str], str]


def in_postgres(statement: str) -> Callable[[str], str]:
    async def run(url: str) -> str:
        import asyncpg

        connection = await asyncpg.connect(url, timeout=30)
        try:
            return str(await connection.fetchval(statement))
        finally:
            await connection.close()

    return lambda url: asyncio.run(run(url))


def write_to_postgres(url: str) -> None:
    in_postgres("CREATE TABLE words AS SELECT 'kept' AS word")(url)


def write_to_redis(url: str) -> None:
    import redis

    with redis.Redis.from_url(url) as client:
        client.set("word", "kept")


def read_from_redis(url: str) -> str:
    import redis

    with redis.Redis.from_url(url, decode_responses=True) as client:
        return str(client.get("word"))


KINDS = [
    Kind("postgres", embedded.postgres, write_to_postgres, in_postgres("SELECT word FROM words")),
    Kind("redis", embedded.redis, write_to_redis, read_from_redis),
]


@contextmanager
def user(kind: Kind, folder: Path, prefix: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server of a folder until its stdin is closed; it has printed URL and process."""
    command = [*prefix, sys.executable, __file__, kind.name, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def told(user: subprocess.Popen[str]) -> tuple[str, int]:
    """The URL and the process of the server that a user has."""
    assert user.stdout is not None
    url, pid = user.stdout.readline().split()
    return url, int(pid)


def main() -> None:
    server = next(kind for kind in KINDS if kind.name == sys.argv[1]).server(Path(sys.argv[2]))
    with server as url:
        print(url, server.pid, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
