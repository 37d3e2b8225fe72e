import time
from pathlib import Path

import pytest
from demo.fleet import Fleet, Member, WorkersFailed


def test_a_worker_that_cannot_work_is_reported_with_its_own_words(tmp_path: Path) -> None:
    with Fleet(tmp_path / "missing" / "queue.db", size=1) as fleet:
        fleet.members[0].process.wait(30)

        with pytest.raises(WorkersFailed, match=r"worker 1 ended by itself with exit code 3; its last words:\n.*Error"):
            fleet.check(None)


def test_nothing_is_left_of_a_fleet(tmp_path: Path) -> None:
    with Fleet(tmp_path / "queue.db", size=2) as fleet:
        processes = [member.process for member in fleet.members]
        folder = fleet.members[0].log.parent
        wait_until_started(fleet.members)

    assert [0, 0] == [process.returncode for process in processes]
    assert not folder.exists()


def wait_until_started(members: list[Member]) -> None:
    """A worker that has said so hears SIGTERM and drains."""
    deadline = time.monotonic() + 30
    while not all("handlers:" in member.log.read_text(encoding="utf-8") for member in members):
        assert time.monotonic() < deadline, "the workers did not start"
        time.sleep(0.02)
