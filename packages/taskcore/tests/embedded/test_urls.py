"""From what a user has configured to the URL of a server that is there."""

import subprocess
import sys
from pathlib import Path

import pytest
from taskcore.embedded import Kind, resolve_url
from taskcore.embedded.keeper import KEEPER, SERVER, USERS, is_free
from taskcore.errors import InvalidInput

PROGRAM = """
import logging, sys
from taskcore.embedded import resolve_url

logging.basicConfig(format="%(message)s")
urls = [resolve_url(url, kind) for url in (None, "", "embedded") for kind in ("postgres", "redis")]
print(*sorted(set(urls)))
"""


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("postgres", "postgresql://root@db/test"),
        ("postgres", "postgres://db"),
        ("postgres", "postgresql+asyncpg://db/test?ssl=require"),
        ("redis", "redis://cache:6379/3"),
        ("redis", "rediss://:secret@cache"),
        ("redis", "unix:///run/redis.sock"),
    ],
)
def test_a_url_that_is_set_stays_as_it_is(kind: Kind, url: str) -> None:
    assert url == resolve_url(url, kind)


@pytest.mark.parametrize(
    ("kind", "url"), [("postgres", "mysql://me:secret@db/test"), ("redis", "http://:secret@cache"), ("redis", "cache")]
)
def test_a_url_of_something_else_is_refused_without_its_password(kind: Kind, url: str) -> None:
    with pytest.raises(InvalidInput, match=rf"a URL of {kind} begins with \w+://") as refused:
        resolve_url(url, kind)

    assert "secret" not in str(refused.value)


def test_an_unset_url_starts_a_server_in_the_working_directory_and_says_so_once(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True)

    postgres, redis = done.stdout.split()
    assert postgres.startswith("postgresql://")
    assert redis.startswith("redis://")
    assert [
        f"Postgres runs embedded, for development; its data are in {tmp_path}/.taskcore/postgres",
        f"Redis runs embedded, for development; its data are in {tmp_path}/.taskcore/redis",
    ] == done.stderr.splitlines()
    for home in ("postgres", "redis"):
        assert all(is_free(tmp_path / ".taskcore" / home / name) for name in (USERS, KEEPER, SERVER))
    assert "*\n" == (tmp_path / ".taskcore" / ".gitignore").read_text()
