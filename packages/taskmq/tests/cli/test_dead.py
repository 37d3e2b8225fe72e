"""list-dead, replay, replay-dead."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from taskcore.errors import StoreUnavailable
from taskcore.ports import TaskStore
from taskmq import bulk

Taskmq = Callable[..., Result]
WORK = ("run-worker", "--until-idle", "--import", "myjobs")
REPORT = ("add-job", "--handler", "report", "--payload", '{"month": 13}', "--retry-policy", "none")


@pytest.fixture
def dead(taskmq: Taskmq) -> None:
    """Jobs 1, 2 and 3 are dead; nobody knows the handler of the last one."""
    taskmq(*REPORT)
    taskmq(*REPORT)
    taskmq("add-job", "--handler", "gone", "--payload", "{}", "--retry-policy", "none")
    taskmq(*WORK)


@pytest.mark.usefixtures("dead")
def test_dead_jobs_are_listed_in_the_lines_of_old(taskmq: Taskmq) -> None:
    head, *lines = taskmq("list-dead").stdout.splitlines()

    fields = [line.split(" | ") for line in lines]
    assert "Found 3 dead jobs:" == head
    assert ["ID: 3", "ID: 2", "ID: 1"] == [field[0] for field in fields]
    assert ["Handler: report", "Error: bad month 13"] == fields[1][2:]
    assert ["2"] == taskmq("list-dead", "-q", "--limit", "1", "--offset", "1").stdout.split()


def test_no_dead_jobs_are_told_as_ever(taskmq: Taskmq) -> None:
    assert "No dead jobs found.\n" == taskmq("list-dead").stdout


@pytest.mark.usefixtures("dead")
def test_one_dead_job_gets_a_new_life(taskmq: Taskmq) -> None:
    assert "Job 1 replayed successfully. New Job ID: 4\n" == taskmq("replay-dead", "1").stdout

    assert ["3", "2"] == taskmq("list-dead", "-q").stdout.split()
    assert "pending" == json.loads(taskmq("get-job", "4", "--json").stdout)["state"]
    assert 1 == taskmq("replay-dead", "1").exit_code


@pytest.mark.usefixtures("dead")
def test_a_dry_run_counts_and_changes_nothing(taskmq: Taskmq) -> None:
    result = taskmq("replay-dead", "--all", "--dry-run")

    assert re.fullmatch(
        r"Would replay 3 dead jobs: report 2, gone 1 \(oldest \d+ s, newest \d+ s\)\. Nothing changed\.\n",
        result.stdout,
    )
    assert ["1", "2"] == taskmq("replay-dead", "--all", "--dry-run", "--handler", "report", "-q").stdout.split()
    assert ["3", "2", "1"] == taskmq("jobs", "list", "--state", "dead", "-q").stdout.split()


@pytest.mark.usefixtures("dead")
def test_all_dead_jobs_need_a_yes_where_nobody_can_be_asked(taskmq: Taskmq) -> None:
    result = taskmq("replay-dead", "--all")

    assert 2 == result.exit_code
    assert "Error: replaying 3 dead jobs needs a yes.\n" in result.stderr
    assert "--yes" in result.stderr
    assert ["3", "2", "1"] == taskmq("list-dead", "-q").stdout.split()


@pytest.mark.usefixtures("dead")
def test_all_dead_jobs_get_a_new_life(taskmq: Taskmq) -> None:
    result = taskmq("replay-dead", "--all", "--yes", "--rate", "100/s")

    assert (0, "Replayed 3.\n") == (result.exit_code, result.stdout)
    assert ["6", "5", "4"] == taskmq("jobs", "list", "--state", "pending", "-q").stdout.split()
    assert "No dead jobs found.\n" == taskmq("replay-dead", "--all", "--yes").stdout


@pytest.mark.usefixtures("dead")
def test_jobs_that_nobody_can_run_are_skipped_and_the_exit_code_tells(taskmq: Taskmq) -> None:
    result = taskmq("replay-dead", "--all", "--yes", "--import", "myjobs")

    assert 'Replayed 2, skipped 1 (job 3: handler "gone" no longer registered).\n' == result.stdout
    assert 6 == result.exit_code
    assert ["3"] == taskmq("list-dead", "-q").stdout.split()


@pytest.mark.usefixtures("dead")
def test_what_was_replayed_goes_out_as_a_document(taskmq: Taskmq) -> None:
    result = taskmq("replay-dead", "--all", "--yes", "--import", "myjobs", "--json")

    expected = {
        "replayed": [{"id": 1, "new_id": 4}, {"id": 2, "new_id": 5}],
        "skipped": [{"id": 3, "reason": 'handler "gone" no longer registered'}],
    }
    assert (6, expected) == (result.exit_code, json.loads(result.stdout))


@pytest.mark.usefixtures("dead")
def test_any_job_can_be_replayed(taskmq: Taskmq) -> None:
    assert "Job 2 replayed. New Job ID: 4\n" == taskmq("replay", "2").stdout
    assert {"id": 2, "new_id": 5} == json.loads(taskmq("replay", "2", "--json").stdout)
    assert "6\n" == taskmq("replay", "2", "-q").stdout

    job = json.loads(taskmq("get-job", "4", "--json").stdout)
    assert ("report", {"month": 13}, "none", 0) == tuple(
        job[key] for key in ("handler", "payload", "retry_policy", "attempts")
    )


@pytest.mark.usefixtures("dead")
def test_exact_replay_takes_the_code_that_ran_the_job(taskmq: Taskmq) -> None:
    result = taskmq("replay", "1", "--exact", "--import", "myjobs")

    assert "Handler hash verified. Code matches.\nJob 1 replayed. New Job ID: 4\n" == result.stdout


@pytest.mark.usefixtures("dead")
def test_exact_replay_refuses_other_code(taskmq: Taskmq, folder: Path) -> None:
    (folder / "other.py").write_text((folder / "myjobs.py").read_text().replace("bad month 13", "worse"))

    result = taskmq("replay", "1", "--exact", "--import", "other")

    error, original, current, changed, hint = result.stderr.splitlines()
    assert (1, "Error: Handler hash mismatch.") == (result.exit_code, error)
    assert original.startswith("  Original: ")
    assert current.startswith("  Current:  ")
    assert "  Code has changed since the job ran." == changed
    assert "Hint: replay it with the new code: taskmq replay 1" == hint
    assert original.split()[1] != current.split()[1]


@pytest.mark.usefixtures("dead")
def test_exact_replay_needs_to_know_both_codes(taskmq: Taskmq) -> None:
    assert "Error: Original job has no handler hash stored." in taskmq("replay", "3", "--exact").stderr
    taskmq("add-job", "--handler", "email")
    assert "Original job has no handler hash stored." in taskmq("replay", "4", "--exact", "--import", "myjobs").stderr


@pytest.mark.usefixtures("dead")
def test_a_bulk_replay_that_breaks_off_says_how_far_it_came(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = bulk.replay_dead

    async def only_the_first(store: TaskStore, chosen: bulk.Selection) -> bulk.Replays:
        if list(chosen.ids) != [1]:
            raise StoreUnavailable("the disk is full")
        return await replay(store, chosen)

    monkeypatch.setattr(bulk, "replay_dead", only_the_first)

    result = taskmq("replay-dead", "--all", "--yes", "--rate", "1000/s")

    assert 3 == result.exit_code
    assert result.stderr.startswith("Stopped after 1 of 3; the others are as they were.\nError: the disk is full.\n")


@pytest.mark.usefixtures("dead")
def test_jobs_whose_unique_key_is_in_use_are_skipped_and_the_reason_is_told(taskmq: Taskmq) -> None:
    keyed = ("add-job", "--handler", "gone", "--payload", "{}", "--retry-policy", "none", "--unique-key", "k")
    taskmq(*keyed)
    taskmq(*WORK)
    taskmq(*keyed)

    result = taskmq("replay-dead", "--all", "--yes", "--handler", "gone")

    assert (6, "Replayed 1, skipped 1 (job 4: another job has its unique key).\n") == (result.exit_code, result.stdout)
