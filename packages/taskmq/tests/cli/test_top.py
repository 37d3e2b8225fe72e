"""top: what it shows on a terminal, and how it ends."""

import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result
from taskcore.errors import StoreUnavailable
from taskmq.queues import Queue, Queues

Taskmq = Callable[..., Result]
Terminal = Callable[..., str]
Plain = Callable[[str], str]


def test_queues_and_workers_are_shown_until_q_is_pressed(taskmq: Taskmq, terminal: Terminal, plain: Plain) -> None:
    taskmq("add-job", "--handler", "email", "--queue", "mail")
    taskmq("add-job", "--handler", "email", "--queue", "mail")

    shown = plain(terminal("top", "--every", "100ms", keys="xq"))

    assert "q quits" in shown
    assert re.search(r"Queue +State +Pending .* Done/s", shown)
    assert re.search(r"mail +▶ open +2 .* 0\.0", shown)
    assert re.search(r"ID +State +Queues +Running", shown)


def test_a_queue_that_is_away_for_a_moment_is_said_so(
    taskmq: Taskmq, terminal: Terminal, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    taskmq("add-job", "--handler", "email", "--queue", "mail")
    first = iter([Queues.all])

    def all_once(queues: Queues) -> list[Queue]:
        for ask in first:
            return list(ask(queues))
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(Queues, "all", all_once)

    shown = plain(terminal("top", "--every", "100ms", keys="xxq"))

    assert "the disk is full" in shown
    assert 2 <= shown.count("mail ")


def test_a_terminal_is_given_back_when_the_program_is_terminated(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: Iterator[list[Queue]] = iter([[]])

    def all_once(queues: Queues) -> list[Queue]:
        for look in looks:
            return look
        os.kill(os.getpid(), signal.SIGTERM)
        return []

    monkeypatch.setattr(Queues, "all", all_once)
    before = signal.getsignal(signal.SIGTERM)

    shown = terminal("top", "--every", "100ms", keys="x")

    assert shown.endswith("\x1b[?25h\x1b[?1049l")  # the cursor is back, and what was there before
    assert before is signal.getsignal(signal.SIGTERM)


def test_a_terminal_that_can_only_write_lines_is_refused(terminal: Terminal, plain: Plain) -> None:
    assert "top needs a terminal to draw on" in plain(terminal("top", env={"TERM": "dumb"}))


def test_a_pipe_is_told_what_there_is_for_it(taskmq: Taskmq) -> None:
    result = taskmq("top")

    assert (2, "") == (result.exit_code, result.stdout)
    assert "Hint: for a script there is: taskmq status --json" in result.stderr
