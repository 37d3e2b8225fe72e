"""Which queue a process works on."""

import sys
from pathlib import Path

import pytest
from taskcore.errors import InvalidInput, MissingExtra, StoreUnavailable
from taskmq.settings import Settings
from taskmq.storage import get_backend
from taskmq.storage.sqlite_backend import SQLiteBackend


def test_an_option_beats_the_environment_and_that_beats_the_default() -> None:
    env = {"TASKMQ_BACKEND": "redis", "TASKMQ_DB_PATH": "env.db", "TASKMQ_REDIS_URL": ""}

    settings = Settings.from_env(env, backend="sqlite")

    assert Settings(backend="sqlite", db_path="env.db", redis_url="redis://localhost:6379/0") == settings
    assert Settings() == Settings.from_env({})


@pytest.mark.parametrize("name", ["postgres", "REDIS", "sqllite", " sqlite"])
def test_an_unknown_backend_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TASKMQ_BACKEND", name)

    with pytest.raises(InvalidInput, match="TASKMQ_BACKEND must be sqlite or redis"):
        get_backend()

    assert [] == list(folder.iterdir())


def test_redis_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_BACKEND", "redis")
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "taskmq.storage.redis_backend")

    with pytest.raises(MissingExtra, match=r"pip install 'taskmq\[redis\]'"):
        get_backend()


def test_the_environment_is_read_at_each_call(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("a.db", "b.db"):
        monkeypatch.setenv("TASKMQ_DB_PATH", name)
        backend = get_backend()
        assert isinstance(backend, SQLiteBackend)
        backend.close()

    assert {"a.db", "b.db"} <= {path.name for path in folder.iterdir()}


def test_a_backend_means_the_same_file_after_the_process_changed_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = SQLiteBackend("queue.db")
    backend.close()
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    assert 1 == backend.insert_job("x")
    backend.close()
    assert [] == list(elsewhere.iterdir())


def test_a_folder_that_is_missing_is_said_so(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="check that its folder exists"):
        SQLiteBackend(folder / "missing" / "taskmq.db")


@pytest.mark.parametrize("path", [":memory:", ""])
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="must name a file"):
        SQLiteBackend(path)


@pytest.mark.stores("sqlite")
def test_health_is_false_when_the_file_is_damaged(backend: SQLiteBackend, folder: Path) -> None:
    assert backend.check_health()
    backend.close()
    for path in folder.iterdir():
        path.write_bytes(b"not a database" * 1000)

    assert not backend.check_health()
