"""Who may run a server, and who may talk to it."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis
from taskcore import embedded

from .users import Kind, told, user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN AS ROOT: nothing proves that root can use it")


def plain_user() -> Sequence[str]:
    """Run as "nobody", who may pass to this Python wherever it is, and may do nothing else."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("NO SETPRIV: nothing proves that a plain user can use it")
    nobody = pwd.getpwnam("nobody")
    way = "+dac_read_search"
    return [
        setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups",
        f"--inh-caps=-all,{way}", f"--ambient-caps=-all,{way}", "--",
    ]  # fmt: skip


@as_root
def test_a_plain_user_has_a_server_of_its_own(kind: Kind, tmp_path: Path) -> None:
    folder = tmp_path / "of a user"
    folder.mkdir()
    shutil.chown(folder, "nobody")

    with user(kind, folder, plain_user()) as nobody:
        url, pid = told(nobody)
        assert pwd.getpwnam("nobody").pw_uid == Path(f"/proc/{pid}").stat().st_uid
        kind.write(url)
        nobody.communicate()

    with kind.server(folder) as again:  # Root takes over what is a user's, and leaves it his.
        assert "kept" == kind.read(again)
    with user(kind, folder, plain_user()) as nobody:
        assert url == told(nobody)[0]


@as_root
def test_a_plain_user_is_told_when_the_folder_is_of_somebody_else(kind: Kind, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    code = f"import pathlib, taskcore.embedded as e; e.{kind.name}(pathlib.Path({str(tmp_path)!r})).start()"

    done = subprocess.run([*plain_user(), sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)

    assert f"cannot use {tmp_path / kind.name}: Permission denied; choose a folder" in done.stderr


@as_root
def test_postgresql_is_not_root_even_where_only_root_may_pass(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server = embedded.postgres(tmp_path / "below")

    with server:
        assert 0 != Path(f"/proc/{server.pid}").stat().st_uid

    assert 0o700 == tmp_path.stat().st_mode & 0o777


def test_it_listens_to_this_machine_alone(kind: Kind, tmp_path: Path) -> None:
    with kind.server(tmp_path) as url:
        port = urlsplit(url).port
        assert port is not None
        with pytest.raises(ConnectionRefusedError), socket.create_connection((own_address(), port), timeout=2):
            pass


def own_address() -> str:
    """An address of this machine that others can reach; none of them is asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but its own")
        return str(probe.getsockname()[0])


async def test_another_user_of_the_machine_needs_the_password(tmp_path: Path) -> None:
    async with embedded.postgres(tmp_path) as url, embedded.redis(tmp_path) as redis_url:
        for password in ("wrong", ""):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(url.replace(str(urlsplit(url).password), password))
        with pytest.raises(redis.AuthenticationError), redis.Redis(port=urlsplit(redis_url).port or 0) as client:
            await asyncio.to_thread(client.ping)
        secrets = [tmp_path / "postgres" / "url", tmp_path / "redis" / "url", tmp_path / "redis" / "valkey.conf"]
        assert {0o600} == {path.stat().st_mode & 0o777 for path in secrets}
