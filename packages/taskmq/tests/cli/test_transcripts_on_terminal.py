"""Whole sessions as people see them on a terminal of 100 columns; times stand still as ``TIME``."""

import os
import pty
import re
import select
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result
from taskmq import worker

Taskmq = Callable[..., Result]
Terminal = Callable[..., str]
Plain = Callable[[str], str]

MAILS = """
from taskmq.jobs.handlers import register_handler

@register_handler("mail")
def mail(job):
    if job.attempts == 1:
        raise ConnectionError("unexpectedly closed")
    return {"sent": True}
"""

SESSIONS = {
    "a job at its second attempt": r"""
$ taskmq add-job --handler mail --payload '{"to": "a@b.c"}' --max-retries 4 --retry-policy fixed
Inserted job with ID: 1, handler: mail, priority: 0, payload: {'to': 'a@b.c'}
% run-worker --import mails --until-idle
$ taskmq inspect 1
Job 1  mail  ✓ success
  TIME  queued          priority 0
  TIME  attempt 1       worker WORKER
  TIME  failed          ConnectionError: unexpectedly closed (SPAN), retry in SPAN
  TIME  attempt 2       worker WORKER
  TIME  succeeded       {"sent": true} (SPAN)
$ taskmq get-job 1
Job ID: 1
Status: SUCCESS
Priority: 0
Payload: {"to": "a@b.c"}
Result: {"sent": true}
Retries: 1
Duration: SPAN   Wait: SPAN   Worker: WORKER   Attempts: 2
$ taskmq jobs list
 ID  State      Handler  Attempts  Created  Duration  Error
 1   ✓ success  mail     2/4       AGE ago  SPAN
""",
    "dead jobs": r"""
$ taskmq add-job --handler report --payload '{"month": 13}' --max-retries 1 -q
1
$ taskmq add-job --handler gone --payload '{}' --max-retries 1 -q
2
$ taskmq add-job --handler report --payload '{}' --max-retries 1 -q
3
% run-worker --import myjobs --until-idle
$ taskmq jobs list --state failed --limit 2
 ID  State   Handler  Attempts  Created  Duration  Error
 3   ☠ dead  report   1/1       AGE ago  SPAN  ValueError: bad month 13
 2   ☠ dead  gone     1/1       AGE ago  SPAN  UnknownHandler: Unknown handler: gone
2 of 3 shown. More: taskmq jobs list --state failed --limit 2 --cursor CURSOR
$ taskmq replay-dead --all --dry-run
Would replay 3 dead jobs: report 2, gone 1 (oldest AGE, newest AGE). Nothing changed.
$ taskmq replay-dead --all --rate 100/s --import myjobs --yes
Replaying BAR 3/3 CLOCK
Replayed 2, skipped 1 (job 2: handler "gone" no longer registered).
""",
}

FROZEN = (
    (r"^Replaying .*\r", ""),
    (r"\d\d:\d\d:\d\d\.\d{3}", "TIME"),
    (r"(?<=retry in )\d+ m?s\b", "SPAN"),
    (r"(?<=ago  )\d+ ms *(?=  )", "SPAN"),
    (r"\b\d+ ms\b", "SPAN"),
    (r"\b\d+ s(?=[,)]| ago)", "AGE"),
    (r"(?<=--cursor )\S+", "CURSOR"),
    (r"(?<=[Ww]orker )\S+:\d+|(?<=Worker: )\S+:\d+", "WORKER"),
    (r"━+ ", "BAR "),
    (r"\d:\d\d:\d\d", "CLOCK"),
    (r" +$", ""),
)


@pytest.fixture(autouse=True)
def mails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module ``mails``, whose handler needs two attempts, the second one at once."""
    (folder / "mails.py").write_text(MAILS)
    monkeypatch.setattr(worker, "FIXED_RETRY_INTERVAL", 0)
    yield
    sys.modules.pop("mails", None)


@pytest.fixture
def shell(command: Callable[..., list[str]]) -> Iterator[Callable[..., "Shell"]]:
    """Start a command in a process whose terminal this is; it is killed after the test."""
    started: list[Shell] = []

    def start(*words: str) -> Shell:
        started.append(Shell(command(*words)))
        return started[-1]

    yield start
    for each in started:
        each.close()


class Shell:
    """A process and its terminal."""

    def __init__(self, words: Sequence[str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(words, preexec_fn=partial(os.login_tty, theirs))
        os.close(theirs)
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def read_until(self, words: str) -> None:
        """Wait until it has shown these words."""
        while words not in self.shown:
            assert select.select([self._ours], [], [], 60)[0], f"nothing but {self.shown!r} within 60 s"
            self._read()

    def read_all(self) -> str:
        """Wait until it has ended."""
        with suppress(OSError):  # Linux says EIO when the last writer has left the terminal
            while select.select([self._ours], [], [], 20)[0]:
                self._read()
        return self.shown

    def _read(self) -> None:
        self.shown += os.read(self._ours, 65_536).decode(errors="replace").replace("\r\n", "\n")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.mark.parametrize("title", SESSIONS)
def test_a_session_goes_as_written(taskmq: Taskmq, terminal: Terminal, plain: Plain, title: str) -> None:
    shown = ""
    for line in SESSIONS[title].splitlines():
        if line.startswith("% "):
            taskmq(*shlex.split(line)[1:])
            shown += f"{line}\n"
        if line.startswith("$ taskmq "):
            shown += f"{line}\n{terminal(*shlex.split(line)[2:], env={'COLUMNS': '100'})}"

    text = plain(shown)
    for pattern, word in FROZEN:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    assert SESSIONS[title].lstrip() == text


def test_ctrl_c_tells_what_is_waited_for_and_a_second_one_aborts(
    taskmq: Taskmq, shell: Callable[..., Shell], wait: Callable[..., object]
) -> None:
    taskmq("add-job", "--handler", "slow", "--payload", '{"seconds": 30}')
    screen = shell("run-worker", "--import", "myjobs")
    wait(Path("started").exists)

    screen.type("\x03")
    screen.read_until("abort)\n")
    screen.type("\x03")
    shown = screen.read_all()

    assert "^CStopping worker... waiting up to 30 s for 1 running job (Ctrl+C again to abort)\n" in shown
    assert shown.endswith("Stopped. Processed 0 (0 ok, 0 failed), requeued 1.\n")
    assert 0 == screen.process.wait(10)
