"""A folder, a queue and workers for each test; handlers that a test registers are gone after it."""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from taskmq import worker as worker_module
from taskmq.hooks import Hooks
from taskmq.hooks import hooks as process_hooks
from taskmq.jobs import handlers
from taskmq.storage import get_backend
from taskmq.storage.redis_backend import RedisBackend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

T = TypeVar("T")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables and no jobs; to copy it is quicker than to make it."""
    path = tmp_path_factory.mktemp("empty") / "taskmq.db"
    SQLiteBackend(path).close()
    return path


STORES = {"sqlite": "sqlite", "redis": pytest.param("redis", marks=pytest.mark.servers)}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stores(*names): what the backend of this test is on; otherwise on each of all")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that has a backend on both stores, unless it says which it is about."""
    if "backend" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("stores")
        metafunc.parametrize("backend", [STORES[name] for name in (mark.args if mark else STORES)], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreBackend]:
    """An empty queue, which the environment names for processes that are started in ``folder``."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_file"), folder)
    else:
        monkeypatch.setenv("TASKMQ_BACKEND", "redis")
        monkeypatch.setenv("TASKMQ_REDIS_URL", request.getfixturevalue("redis_url"))
        monkeypatch.setenv("TASKMQ_REDIS_PREFIX", f"test-{secrets.token_hex(6)}:")
    backend = get_backend()
    assert isinstance(backend, StoreBackend)
    yield backend
    if isinstance(backend, RedisBackend):
        remove_keys(backend)
    backend.close()


def remove_keys(backend: RedisBackend) -> None:
    """Remove whatever is below the prefix of a test."""
    names = list(backend.redis.scan_iter(f"{backend.prefix}*", count=10_000))
    if names:
        backend.redis.unlink(*names)


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """The registry of a fresh process, since other packages' tests register handlers too as they are imported."""
    registries: list[dict[Any, Any]] = [handlers.HANDLERS, handlers.HANDLER_HASHES, handlers.HANDLER_OPTIONS]
    before = [dict(registered) for registered in registries]
    for registered in registries:
        for name in set(registered) - {"dummy"}:
            del registered[name]
    yield
    for registered, restored in zip(registries, before, strict=True):
        registered.clear()
        registered.update(restored)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    """The hooks of the process, empty before and after."""
    before = vars(process_hooks).copy()
    vars(process_hooks).update(vars(Hooks()))
    yield process_hooks
    vars(process_hooks).update(before)


@pytest.fixture
def wait() -> Callable[..., Any]:
    """Ask for a fact every 5 ms until it is true, and return it."""

    def until(fact: Callable[[], T], within: float = 60.0) -> T:
        deadline = time.monotonic() + within
        while not (answer := fact()):
            assert time.monotonic() < deadline, f"not true within {within} s; last it was {answer!r}"
            time.sleep(0.005)
        return answer

    return until


@pytest.fixture
def drain(backend: StoreBackend) -> Callable[..., Worker]:
    """Run a worker over ``backend`` until nothing is due."""

    def run(**options: Any) -> Worker:
        worker = Worker(**{"backend": backend, **options})
        worker.start(until_idle=True)
        return worker

    return run


@pytest.fixture
def start(backend: StoreBackend) -> Iterator[Callable[..., Worker]]:
    """Start a worker in a thread of its own; it is stopped after the test."""
    running: list[tuple[Worker, threading.Thread]] = []

    def run(**options: Any) -> Worker:
        worker = Worker(**{"backend": backend, "poll_interval": 0.02, "grace": 2.0, **options})
        thread = threading.Thread(target=worker.start)
        thread.start()
        running.append((worker, thread))
        return worker

    yield run
    for worker, _ in running:
        worker.stop()
    for _, thread in running:
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries of the policy "fixed" come after 20 ms."""
    monkeypatch.setattr(worker_module, "FIXED_RETRY_INTERVAL", 0.02)
