"""Schedules from the shell: added, looked at in their zone, held, run and removed."""

import asyncio
import json
import signal
import sys
from typing import Any

import asyncpg
import pytest
from lapinq.__main__ import main

from .conftest import Run, Show

ROME = ("--cron", "30 2 * * *", "--zone", "Europe/Rome")


@pytest.fixture
def nightly(lapinq: Run) -> dict[str, Any]:
    ran = lapinq("schedules", "add", "mytasks:add", *ROME, "--args", "[1]", "-q", "night", "--overlap", "skip", "-j")
    assert 0 == ran.code, ran
    found: dict[str, Any] = json.loads(ran.out)
    return found


def execute(url: str, sql: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(run())


def test_a_schedule_is_told_with_its_next_instant_by_the_clocks_of_its_zone(
    lapinq: Run, nightly: dict[str, Any], terminal: Show
) -> None:
    assert ("30 2 * * *", "Europe/Rome", "skip", "active", "coalesce", [1]) == tuple(
        nightly[name] for name in ("cron", "zone", "overlap", "state", "misfire", "args")
    )
    (listed,) = json.loads(lapinq("schedules", "list", "-j").out)
    assert nightly == listed
    line = terminal("schedules", "list").splitlines()[1]
    assert f"…{nightly['id'][-8:]}" in line
    assert " 02:30 CE" in line
    header, line = lapinq("schedules", "list").out.splitlines()
    assert ("id", nightly["id"]) == (header.split("\t")[0], line.split("\t")[0])


def test_nights_when_clocks_change_are_shown_as_they_will_be(lapinq: Run, nightly: dict[str, Any]) -> None:
    shown = json.loads(lapinq("schedules", "show", nightly["id"][-8:], "--count", "400", "-j").out)

    odd = [run for run in shown["runs"] if "T02:30:00" not in run]
    assert len(odd) >= 1
    assert all("T03:00:00+02:00" in run for run in odd)  # right after the gap
    assert {"+01:00", "+02:00"} == {run[-6:] for run in shown["runs"]}
    assert any("does not exist on" in note for note in shown["notes"])
    block = lapinq("schedules", "show", nightly["id"], "--count", "2").out
    assert "Cron:       30 2 * * * Europe/Rome\n" in block
    assert 2 == block.count(" 02:30 CE")


def test_the_next_instants_of_all_are_in_order(lapinq: Run, nightly: dict[str, Any], terminal: Show) -> None:
    added = lapinq("schedules", "add", "mytasks:boom", "--cron", "* * * * *").out
    assert added.startswith("Schedule ")
    assert "Next: 20" in added

    runs = json.loads(lapinq("schedules", "next", "--count", "3", "-j").out)
    assert ["boom"] * 3 == [run["task_name"] for run in runs]
    assert sorted(run["at"] for run in runs) == [run["at"] for run in runs]
    assert ["add"] * 2 == [
        run["task_name"] for run in json.loads(lapinq("schedules", "next", nightly["id"], "--count", "2", "-j").out)
    ]
    assert ["When", "In", "Schedule", "Task"] == terminal("schedules", "next").splitlines()[0].split()


def test_a_schedule_is_held_run_and_removed(lapinq: Run, nightly: dict[str, Any]) -> None:
    id_ = nightly["id"]

    assert f"Schedule {id_} paused.\n" == lapinq("schedules", "pause", id_[-8:]).out
    assert "[]\n" == lapinq("schedules", "next", "-j").out
    task = lapinq("schedules", "run", id_).out.strip()
    assert ("night", [1]) == (
        (found := json.loads(lapinq("task", "get", task, "-j").out))["queue_name"], found["args"],
    )  # fmt: skip
    assert lapinq("schedules", "resume", id_).out.startswith(f"Schedule {id_} resumed. Next: 20")
    assert 2 == lapinq("schedules", "remove", id_).code
    assert f"Schedule {id_} removed.\n" == lapinq("schedules", "remove", id_, "--yes").out
    gone = lapinq("schedules", "show", id_)
    assert (1, True) == (gone.code, gone.err.startswith("Error: no schedule id contains"))


def test_a_schedule_is_changed_in_what_is_named_alone(lapinq: Run, nightly: dict[str, Any]) -> None:
    id_ = nightly["id"]

    ran = lapinq("schedules", "change", id_[-8:], "--cron", "0 4 * * *", "--priority", "7", "--ttl", "2h")
    assert (0, "") == (ran.code, ran.err), ran
    assert ran.out.startswith(f"Schedule {id_} changed. Next: 20")
    assert " 04:00 CE" in ran.out
    (found,) = json.loads(lapinq("schedules", "list", "-j").out)
    expected = {**nightly, "cron": "0 4 * * *", "priority": 7, "ttl_seconds": 7200, "next_run_at": found["next_run_at"]}
    assert expected == found

    more = ("--function", "mytasks:boom", "--ttl", "none", "--retry-delay", "30s", "--grace", "5m", "-q", "day")
    changed = json.loads(lapinq("schedules", "change", id_, *more, "-j").out)
    now = {"task_name": "boom", "ttl_seconds": None, "retry_delay": 30, "retry_backoff": False, "queue_name": "day"}
    assert {**expected, **now, "grace": 300} == changed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name what to change"),
        (["--cron", "0 0 31 2 *"], "no date"),
        (["--zone", "rome"], "did you mean Europe/Rome"),
        (["--function", "mytasks"], "MODULE:FUNCTION"),
        (["--function", "os:system"], "is refused"),
        (["--args", "{}"], "args must be a JSON array"),
        (["--ttl", "0"], "invalid ttl_seconds"),
        (["--webhook-url", "http://127.0.0.1/"], "private address"),
        (["--overlap", "none"], "invalid choice"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(
    lapinq: Run, nightly: dict[str, Any], words: list[str], told: str
) -> None:
    ran = lapinq("schedules", "change", nightly["id"], *words)

    assert (2, "", True) == (ran.code, ran.out, told in ran.err), ran
    assert [nightly] == json.loads(lapinq("schedules", "list", "-j").out)


class Interrupted:
    """A keyboard on which somebody types Ctrl-C, where a yes is asked for."""

    went_on = False

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        signal.raise_signal(signal.SIGINT)
        self.went_on = True  # as a line is read on when whoever was told of the signal does nothing
        return "y\n"


def test_ctrl_c_is_an_answer_to_a_question(
    lapinq: Run, nightly: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard = Interrupted()
    monkeypatch.setattr(sys, "stdin", keyboard)
    with pytest.raises(SystemExit) as ended:
        main(["schedules", "remove", nightly["id"]])

    assert (130, False) == (ended.value.code, keyboard.went_on)
    assert [nightly] == json.loads(lapinq("schedules", "list", "-j").out)


def test_a_paused_schedule_tells_no_instant(lapinq: Run) -> None:
    ran = lapinq("schedules", "add", "mytasks:add", "--cron", "@daily", "--paused")

    assert (0, True) == (ran.code, ran.out.endswith("Next: when it is resumed.\n"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["mytasks:add"], "--cron"),
        (["mytasks:add", "--cron", "99 * * * *"], "99"),
        (["mytasks:add", "--cron", "0 0 31 2 *"], "no date"),
        (["mytasks:add", "--cron", "@daily", "--zone", "europe/roma"], "did you mean Europe/Rome"),
        (["mytasks:add", "--cron", "@daily", "--zone", "rome"], "did you mean Europe/Rome"),
        (["mytasks:add", "--cron", "@daily", "--zone", ""], "is unknown"),
        (["mytasks:add", "--cron", "@daily", "--overlap", "never"], "invalid choice"),
        (["mytasks:add", "--cron", "@daily", "--grace", "soon"], "expected a span of time"),
        (["mytasks:add", "--cron", "@daily", "--ttl", "0"], "invalid ttl_seconds"),
        (["os:system", "--cron", "@daily"], "is refused"),
        (["mytasks", "--cron", "@daily"], "MODULE:FUNCTION"),
    ],
)
def test_a_schedule_that_cannot_be_is_not_added(lapinq: Run, words: list[str], told: str) -> None:
    ran = lapinq("schedules", "add", *words)

    assert (2, "", True) == (ran.code, ran.out, told in ran.err), ran
    assert "[]\n" == lapinq("schedules", "list", "-j").out


def test_a_row_that_somebody_broke_is_shown_with_its_problem(
    lapinq: Run, nightly: dict[str, Any], terminal: Show, postgres_url: str
) -> None:
    execute(postgres_url, "UPDATE lapinq_scheduled_tasks SET zone = E'Mars\\x1b[2J'")

    shown = terminal("schedules", "list")
    assert "✕ broken" in shown
    assert "is unknown" in shown
    assert 0 == lapinq("schedules", "show", nightly["id"]).code
    assert (2, True) == ((ran := lapinq("schedules", "run", nightly["id"])).code, "is unknown" in ran.err)


def test_an_id_that_is_none_is_said(lapinq: Run) -> None:
    for verb in ("show", "change", "pause", "resume", "run", "remove", "next"):
        ran = lapinq("schedules", verb, "nightly", *(["--priority", "1"] if verb == "change" else []))
        assert (2, True) == (ran.code, '"nightly" is not a schedule id' in ran.err), ran
