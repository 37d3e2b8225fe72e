"""The heartbeat file: there while a worker lives, whole at every instant, and never taken from another worker."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from taskcore.testing import FakeClock
from taskmq import worker as worker_module
from taskmq.heartbeat_file import HeartbeatFile
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.worker import Worker


def listing(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.stores("sqlite")
def test_a_worker_writes_the_file_at_once_and_again_and_removes_it(
    backend: SQLiteBackend,
    start: Callable[..., Worker],
    wait: Callable[..., Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "HEARTBEAT_INTERVAL", 0.02)
    file = folder / "worker_heartbeat.txt"
    worker = start()
    first = wait(lambda: file.exists() and file.read_text())
    wait(lambda: file.read_text() != first)

    worker.stop()
    wait(lambda: not file.exists())

    assert datetime.now(UTC) - datetime.fromisoformat(first) < timedelta(seconds=60)


async def test_the_first_of_two_workers_to_stop_leaves_the_others_file(folder: Path) -> None:
    clock = FakeClock()
    first, second = (HeartbeatFile(lambda: "beat.txt", clock) for _ in range(2))
    await first.beat()
    clock.advance(1)
    await second.beat()

    first.remove()
    assert clock.now().isoformat() == (folder / "beat.txt").read_text()

    second.remove()
    assert [] == listing(folder)


async def test_a_folder_that_is_gone_is_no_reason_to_stop(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = HeartbeatFile(lambda: "missing/beat.txt", FakeClock())

    await file.beat()
    file.remove()

    assert "cannot write" in caplog.text
