"""The demo as a user runs it: the installed command, real files, real processes, one of them killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from taskmq.storage.sqlite_backend import SQLiteBackend

DEMO = str(Path(sys.executable).with_name("demo"))

TREE = {
    "src/one.py": b"import os\nprint(os.name)\n",
    "src/two.py": b"import sys\n",
    "docs/read me.md": b"# Hello hello\n",
    "größe.txt": "größe größe\n".encode(),
    "two\nlines.txt": b"lines\n",
    os.fsdecode(b"bytes-\xff.txt"): b"bytes\n",
    "[bold]markup.txt": b"markup\n",
    "empty": b"",
}
NOT_TEXT = {"image.png": b"\x89PNG\0", ".git/config": b"[core]\n"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, content in {**TREE, **NOT_TEXT}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "circle").symlink_to(root, target_is_directory=True)
    return root


def demo(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([DEMO, *arguments], cwd=folder, capture_output=True, text=True, timeout=90, check=False)


def told(done: "subprocess.CompletedProcess[str]") -> Any:
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def test_a_killed_worker_loses_nothing_and_repeats_no_result(tree: Path, tmp_path: Path) -> None:
    found = told(demo(tmp_path, tree, "--json"))

    assert {"enqueued": 8, "stored": 8, "lost": [], "twice": [], "failed": [], "passed": True} == found["check"]
    assert found["recovered"], "it died with jobs in its hands"
    for recovery in found["recovered"]:
        first, *_, last = recovery["attempts"]
        assert (found["killed"], "lost") == (first["worker"], first["ended"])
        assert "done" == last["ended"]
        assert first["worker"] != last["worker"]


def test_every_file_has_its_own_findings_in_the_database_that_stays(tree: Path, tmp_path: Path) -> None:
    found = told(demo(tmp_path, tree, "--json", "--no-kill", "--workers", "1"))

    assert {"Python": 2, "Markdown": 1, "plain text": 5} == {
        name: language["files"] for name, language in found["languages"].items()
    }
    backend = SQLiteBackend(found["database"])
    assert {(tree / name).as_uri(): sha256(content).hexdigest() for name, content in TREE.items()} == {
        job.payload["uri"]: job.return_value["sha256"] for job in backend.find_jobs()
    }
    backend.close()


def test_an_empty_folder_is_read_at_once_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = demo(tmp_path, tmp_path)

        assert 0 == done.returncode, done.stderr
        assert "0 jobs enqueued, 0 results stored, 0 lost, 0 stored twice" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["missing"], "Directory 'missing' does not exist", id="a folder that is not there"),
        pytest.param(["file"], "Directory 'file' is a file", id="a file"),
        pytest.param(["--db", "file"], "--db must name a file that does not exist yet", id="a database that is there"),
        pytest.param(["--db", "file/queue.db"], "cannot hold the queue", id="a database below a file"),
        pytest.param(["--workers", "1"], "use --workers 2 or more, or --no-kill", id="killing the only worker"),
        pytest.param(["--workers", "0"], "0 is not in the range", id="no worker"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path: Path, arguments: Sequence[str], message: str) -> None:
    (tmp_path / "file").touch()

    done = demo(tmp_path, *arguments)

    assert 2 == done.returncode
    assert message in done.stderr
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(("blow", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_demo_that_ends_early_takes_its_workers_along(
    tree: Path, tmp_path: Path, blow: signal.Signals, code: int
) -> None:
    for number in range(80):  # so many that workers hold jobs whenever the kill comes
        (tree / f"{number}.txt").write_text("word\n", encoding="utf-8")
    command = [DEMO, str(tree), "--db", str(tmp_path / "queue.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if "Killed" in line)
        workers = children(running.pid)
        running.send_signal(blow)

    assert code == running.returncode
    assert len(workers) in (2, 3)  # the one that was killed may be buried by now
    deadline = time.monotonic() + 20
    while any(lives(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
