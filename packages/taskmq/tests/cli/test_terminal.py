"""What a person sees on a terminal, and only there."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]
Terminal = Callable[..., str]
Plain = Callable[[str], str]

HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n\u202e"


@pytest.fixture(autouse=True)
def dead_and_done(taskmq: Taskmq) -> None:
    """Job 1 has succeeded; job 2 died of a message that would act on a terminal."""
    taskmq("add-job", "--handler", "email", "--payload", '{"to": "a@b.c"}')
    taskmq("add-job", "--handler", "raise", "--payload", json.dumps(HOSTILE), "--retry-policy", "none")
    taskmq("run-worker", "--until-idle", "--import", "myjobs")


def test_jobs_are_a_table_with_icons(terminal: Terminal, plain: Plain) -> None:
    header, dead, done = plain(terminal("jobs", "list")).splitlines()

    assert ["ID", "State", "Handler", "Attempts", "Created", "Duration", "Error"] == header.split()
    assert ["2", "☠", "dead", "raise", "1/1"] == dead.split()[:5]
    assert "s ago" in dead
    assert ["1", "✓", "success", "email", "1"] == done.split()[:5]


def test_only_the_last_column_is_cut(terminal: Terminal, plain: Plain, taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "raise", "--payload", json.dumps("x" * 300), "--retry-policy", "none")
    taskmq("run-worker", "--until-idle", "--import", "myjobs")

    _, row, *_ = plain(terminal("jobs", "list", env={"COLUMNS": "80"})).splitlines()

    assert ["3", "☠", "dead", "raise", "1/1"] == row.split()[:5]
    assert row.rstrip().endswith("x…")
    assert 80 >= len(row)


def test_failures_are_red_unless_colours_are_unwanted(terminal: Terminal) -> None:
    assert "\x1b[31mfailed" in terminal("inspect", "2")
    assert "\x1b" not in terminal("inspect", "2", env={"NO_COLOR": "1"})


@pytest.mark.parametrize(
    "words",
    ["get-job 2", "inspect 2", "logs --job 2", "list-dead", "jobs list", "jobs list --json", "inspect 2 --json"],
)
def test_stored_values_cannot_act_on_the_terminal(terminal: Terminal, plain: Plain, words: str) -> None:
    shown = plain(terminal(*words.split()))

    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(shown)
    assert "owned" in shown


def test_the_form_can_be_chosen(terminal: Terminal) -> None:
    assert "id\tstate" in terminal("jobs", "list", "--format", "tsv")


def test_replaying_all_asks_first(terminal: Terminal, taskmq: Taskmq) -> None:
    refused = terminal("replay-dead", "--all", keys="n\n")

    assert "Replay 1 dead job? [y/N]: " in refused
    assert refused.endswith("Nothing changed.\n")
    assert ["2"] == taskmq("list-dead", "-q").stdout.split()


def test_replaying_all_shows_how_far_it_is(terminal: Terminal, plain: Plain, taskmq: Taskmq) -> None:
    shown = plain(terminal("replay-dead", "--all", keys="y\n"))

    assert "Replaying ━" in shown
    assert "1/1" in shown
    assert shown.endswith("Replayed 1.\n")
    assert [] == taskmq("list-dead", "-q").stdout.split()
