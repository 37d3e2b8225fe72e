"""run-worker with several processes: who watches over whom, and how all of them end."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from taskcore.testing import eventually
from taskmq import processes
from taskmq.cli import reloading
from taskmq.hooks import hooks
from taskmq.storage import SQLiteBackend
from taskmq.workers import workers_of

Taskmq = Callable[..., Result]
Start = Callable[..., subprocess.Popen[str]]
Wait = Callable[..., object]
Pids = Callable[[], set[int]]

WORK = ("run-worker", "--import", "myjobs", "--processes", "2")
STARTING = "Starting worker pool with 2 processes of 1 worker(s) using sqlite backend... Press Ctrl+C to stop.\n"


@pytest.fixture
def pids() -> Pids:
    """The processes that work on the queue now, as they themselves say."""

    def working() -> set[int]:
        backend = SQLiteBackend()
        found = {worker.info.pid for worker in workers_of(backend)}
        backend.close()
        return {pid for pid in found if alive(pid)}

    return working


def alive(pid: int) -> bool:
    with suppress(OSError):
        os.kill(pid, 0)
        return True
    return False


def stop(parent: subprocess.Popen[str]) -> tuple[str, str]:
    parent.send_signal(signal.SIGTERM)
    return parent.communicate(timeout=60)


def test_a_process_that_dies_is_replaced_and_all_end_with_the_parent(process: Start, wait: Wait, pids: Pids) -> None:
    parent = process(*WORK)
    wait(lambda: len(pids()) == 2)
    victim = min(pids())

    os.kill(victim, signal.SIGKILL)
    wait(lambda: len(pids() - {victim}) == 2)
    last = pids() - {victim}
    _, err = stop(parent)

    assert 0 == parent.returncode
    assert f"Worker process {victim} was ended by SIGKILL; another one starts in 0.5 s.\n" in err
    assert err.endswith("\nStopped. Processed 0 (0 ok, 0 failed), requeued 0. Replaced 1.\n")
    assert not any(map(alive, last))


def test_no_process_outlives_a_parent_that_is_killed(process: Start, wait: Wait, pids: Pids) -> None:
    parent = process(*WORK)
    wait(lambda: len(pids()) == 2)
    orphans = pids()

    parent.kill()

    wait(lambda: not any(map(alive, orphans)))


def test_one_signal_lets_jobs_finish_and_a_second_one_gives_them_back(
    taskmq: Taskmq, process: Start, wait: Wait, folder: Path
) -> None:
    # A claim of the other process that is under way may get the job once more, and gives it back, too.
    for seconds, signals, end in (
        (1, 1, r"\(1 ok, 0 failed\), requeued 0\."),
        (60, 2, r"\(0 ok, 0 failed\), requeued [12]\."),
    ):
        (folder / "started").unlink(missing_ok=True)
        taskmq("add-job", "--handler", "slow", "--payload", json.dumps({"seconds": seconds}))
        parent = process(*WORK)
        assert parent.stderr is not None
        wait((folder / "started").exists)

        for _ in range(signals - 1):
            parent.send_signal(signal.SIGINT)
            while "Stopping 2 worker process(es)..." not in parent.stderr.readline():
                pass
        _, err = stop(parent)

        assert 0 == parent.returncode
        assert re.search(f"{end}$", err.rstrip())


def test_a_process_is_replaced_after_so_many_jobs(taskmq: Taskmq, process: Start) -> None:
    taskmq("add-job", "--handler", "email", "--payload", "-", stdin="{}\n" * 5)

    parent = process(*WORK, "--max-jobs", "2", "--until-idle")
    out, err = parent.communicate(timeout=60)

    assert (0, STARTING) == (parent.returncode, out)
    assert err.endswith("\nStopped. Processed 5 (5 ok, 0 failed), requeued 0.\n")
    workers = taskmq("jobs", "list", "--columns", "worker", "--no-header").stdout.splitlines()
    assert 3 <= len(set(workers))


def test_one_process_stops_after_so_many_jobs(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "email", "--payload", "-", stdin="{}\n" * 5)

    result = taskmq("run-worker", "--import", "myjobs", "--max-jobs", "2", "--max-workers", "4")

    assert result.stderr.endswith("\nStopped. Processed 2 (2 ok, 0 failed), requeued 0.\n")


def test_only_the_named_queues_are_served(taskmq: Taskmq) -> None:
    for queue in ("mail", "reports", "default"):
        taskmq("add-job", "--handler", "email", "--queue", queue, "--payload", "{}")

    result = taskmq("run-worker", "--import", "myjobs", "--queues", "mail,reports", "--until-idle")

    assert "   queues: mail, reports   " in result.stderr
    assert ["default"] == taskmq(
        "jobs", "list", "--state", "pending", "--columns", "queue", "--no-header"
    ).stdout.split()


def test_workers_start_anew_when_code_changes_and_wait_for_better_code_when_it_is_broken(
    taskmq: Taskmq, process: Start, wait: Wait, pids: Pids, folder: Path
) -> None:
    def write(code: str) -> None:
        (folder / "edited.py").write_text(code)

    def told() -> str:
        job = taskmq("add-job", "--handler", "edited", "-q").stdout.strip()
        return str(wait(lambda: json.loads(taskmq("get-job", job, "--json").stdout)["result"]))

    good = "from taskmq.jobs.handlers import register_handler\nregister_handler('edited')(lambda job: {!r})\n"
    write(good.format("first"))
    parent = process("run-worker", "--import", "edited", "--reload")
    assert parent.stderr is not None
    assert "first" == told()

    write(good.format("second"))
    while "Code has changed; the workers start anew." not in parent.stderr.readline():
        pass
    assert "second" == told()

    write("nonsense(")
    while "ended with exit code 2; another one starts once code has changed." not in parent.stderr.readline():
        pass
    write(good.format("third"))
    assert "third" == told()
    stop(parent)
    assert 0 == parent.returncode


# Notes how often it was told to stop, and ends when its jobs are done.
COUNTS = """
import pathlib, signal, time
told = pathlib.Path("told")
def note(number, frame):
    with told.open("a") as file:
        file.write("told\\n")
signal.signal(signal.SIGTERM, note)
signal.signal(signal.SIGINT, note)
told.touch()
while not pathlib.Path("done").exists():
    time.sleep(0.01)
"""


@pytest.mark.parametrize("change_first", [True, False])
def test_a_process_that_ends_for_a_change_or_the_end_is_not_told_again_and_aborts_no_job(
    folder: Path, change_first: bool
) -> None:
    seen, lines = asyncio.Queue[None](), list[str]()

    async def changes() -> AsyncIterator[object]:
        while True:
            await seen.get()
            yield "changed"

    async def act(is_change: bool) -> None:
        if is_change:
            seen.put_nowait(None)
        else:
            os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.1)  # time to do what is wrong

    async def run() -> int:
        one = processes.Processes(
            [sys.executable, "-c", COUNTS], 1, grace=30, wants_another=lambda _: False, tell=lines.append,
            changes=changes(),
        )  # fmt: skip
        running = asyncio.create_task(one.run())
        await eventually((folder / "told").exists)
        await act(change_first)
        await act(not change_first)
        (folder / "done").touch()
        return (await running).code

    assert 0 == asyncio.run(run())
    assert "told\n" == (folder / "told").read_text()
    assert change_first is ("Code has changed; the workers start anew." in lines)


def test_workers_go_on_when_changes_cannot_be_watched(folder: Path) -> None:
    lines: list[str] = []

    async def changes() -> AsyncIterator[object]:
        raise OSError("OS file watch limit reached")
        yield

    async def run() -> int:
        (folder / "done").touch()
        one = processes.Processes(
            [sys.executable, "-c", COUNTS], 1, grace=30, wants_another=lambda _: False, tell=lines.append,
            changes=changes(),
        )  # fmt: skip
        return (await one.run()).code

    assert 0 == asyncio.run(run())
    assert ["Changes of code are not seen from now on: OS file watch limit reached."] == lines


async def test_a_folder_that_is_closed_to_us_does_not_keep_others_from_being_watched(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0)
    if os.access(folder / "closed", os.R_OK):
        pytest.skip("RUN AS ROOT: no folder is closed to it")

    async def look() -> None:
        async for _ in reloading.changes():
            return

    seen = asyncio.create_task(look())
    while not seen.done():
        (folder / "code.py").write_text("")
        await asyncio.sleep(0.05)
    await seen


def test_reloading_without_what_it_needs_is_refused(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)

    result = taskmq("run-worker", "--reload")

    assert (2, "Error: --reload needs the extra: pip install 'taskmq[reload]'.\n") == (result.exit_code, result.stderr)


# The parent imports the module too, so it must break in the children alone.
CRASHES = "import os, sys\nif any('--parent-fd' in word for word in sys.argv): os._exit(7)\n"
REFUSED = "import sys\nif any('--parent-fd' in word for word in sys.argv): raise RuntimeError('not here')\n"


def test_a_process_that_crashes_again_and_again_waits_longer_each_time(process: Start, folder: Path) -> None:
    (folder / "crashes.py").write_text(CRASHES)
    parent = process("run-worker", "--import", "crashes", "--processes", "2")
    assert parent.stderr is not None

    waits = ""
    while "another one starts in 1 s" not in waits:  # over a second, as the first waits are what is tested
        waits += parent.stderr.readline()
    _, err = stop(parent)

    assert "ended with exit code 7; another one starts in 0.5 s" in waits
    assert "Stopped." == err.splitlines()[-1][:8]


def test_processes_that_can_never_start_end_the_parent(process: Start, folder: Path) -> None:
    (folder / "refused.py").write_text(REFUSED)

    parent = process("run-worker", "--import", "refused", "--processes", "2")
    _, err = parent.communicate(timeout=60)

    assert 2 == parent.returncode
    assert "--import refused failed with RuntimeError: not here" in err


@pytest.mark.parametrize(("registered", "seconds"), [((), 10), ((print,), 20)])
def test_hooks_of_the_shutdown_have_their_time_before_a_process_is_killed(
    taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch, registered: tuple[Callable[..., None], ...], seconds: int
) -> None:
    asked = list[float]()

    class Ended(processes.Processes):
        def __init__(self, command: Sequence[str], count: int, *, grace: float, **options: Any) -> None:
            asked.append(grace)
            super().__init__([sys.executable, "-c", ""], count, grace=grace, **options)

    monkeypatch.setattr(processes, "Processes", Ended)
    monkeypatch.setattr(hooks, "shutdown", registered)

    taskmq("run-worker", "--processes", "2", "--grace", "10s")

    assert [seconds] == asked


def test_a_process_that_does_not_stop_is_killed(
    taskmq: Taskmq, wait: Wait, folder: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., list[str]]
) -> None:
    (folder / "stuck.py").write_text(
        "import os, signal, sys, time, pathlib\n"
        "if any('--parent-fd' in word for word in sys.argv):\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    pathlib.Path('started').touch()\n"
        "    time.sleep(60)\n"
    )
    monkeypatch.setattr(processes, "LAST_WORDS", 0.1)
    lines: list[str] = []
    never = processes.Processes(
        command("run-worker", "--import", "stuck"), 1, grace=0.1, wants_another=lambda _: False, tell=lines.append
    )

    async def run() -> processes.Work:
        running = asyncio.create_task(never.run())
        await eventually((folder / "started").exists)
        os.kill(os.getpid(), signal.SIGTERM)
        return await running

    assert 1 == asyncio.run(run()).code
    assert lines[-1].endswith("does not stop; it is killed.")
