"""jobs list, jobs show, jobs cancel, jobs retry, jobs delete."""

import json
import re
import shlex
from collections.abc import Callable

import pytest
from click.testing import Result
from taskcore.ports import TaskStore
from taskmq import bulk

Taskmq = Callable[..., Result]
Terminal = Callable[..., str]

pytestmark = pytest.mark.usefixtures("five_jobs")


@pytest.fixture
def five_jobs(taskmq: Taskmq) -> None:
    """Job 1 has succeeded, 2 is dead, 3 and 4 are pending in the queue "mail", 5 in the default one."""
    taskmq("add-job", "--handler", "email", "--payload", '{"to": "ada"}')
    taskmq("add-job", "--handler", "report", "--payload", '{"month": 13}', "--retry-policy", "none")
    taskmq("run-worker", "--until-idle", "--import", "myjobs")
    lines = '{"to": "Bob"}\n{"to": "eve"}\n'
    taskmq("add-job", "--handler", "email", "--queue", "mail", "--max-retries", "4", "--payload", "-", stdin=lines)
    taskmq("add-job", "--handler", "gone", "--payload", "{}")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ("--state pending", "5 4 3"),
        ("--state failed", "2"),
        ("--handler email", "4 3 1"),
        ("--queue mail", "4 3"),
        ("--queue default --handler email", "1"),
        ("--payload bob", "3"),
        ("--error MONTH", "2"),
        ("--since 1h", "5 4 3 2 1"),
        ("--since 2100-01-01T00:00Z", ""),
        ("--before 1h", ""),
        ("--before 2100-01-01T00:00Z --limit 2", "5 4"),
    ],
)
def test_conditions_narrow_the_list(taskmq: Taskmq, conditions: str, expected: str) -> None:
    assert expected.split() == taskmq("jobs", "list", "-q", *conditions.split()).stdout.split()


def test_the_next_page_has_the_same_conditions(taskmq: Taskmq) -> None:
    result = taskmq("jobs", "list", "--queue", "mail", "--since", "1h", "--payload", "to", "--limit", "1", "-q")

    more = shlex.split(result.stderr.partition(" More: ")[2])
    assert ("4\n", "3\n") == (result.stdout, taskmq(*more[1:], "-q").stdout)


def test_columns_are_chosen_in_every_form(taskmq: Taskmq) -> None:
    words = ("jobs", "list", "--queue", "mail", "--columns", "payload,id,max_attempts")

    assert 'payload\tid\tmax_attempts\n{"to": "eve"}\t4\t4\n' == taskmq(*words, "--limit", "1").stdout
    assert [["payload", "id", "max_attempts"]] * 2 == [
        list(item) for item in json.loads(taskmq(*words, "--json").stdout)["items"]
    ]
    unknown = taskmq("jobs", "list", "--columns", "id,nonsense")
    assert 2 == unknown.exit_code
    assert "there is no column 'nonsense'; there are id, state," in unknown.stderr


def test_show_is_inspect(taskmq: Taskmq) -> None:
    assert taskmq("inspect", "2").stdout == taskmq("jobs", "show", "2").stdout


@pytest.mark.parametrize(
    ("words", "line", "left"),
    [
        ("cancel 3", "Cancelled 1.", "5 4"),
        ("cancel 3 5 3", "Cancelled 2.", "4"),
        ("cancel --queue mail --yes", "Cancelled 2.", "5"),
        ("cancel --all --yes", "Cancelled 3.", ""),
        ("cancel --handler nobody --yes", "No pending jobs found.", "5 4 3"),
        ("retry 2", "Retried 1.", "5 4 3 2"),
        ("retry --error month --yes", "Retried 1.", "5 4 3 2"),
        ("delete 1 4", "Deleted 2.", "5 3"),
        ("delete --handler email --state pending --yes", "Deleted 2.", "5"),
    ],
)
def test_named_or_found_jobs_are_changed(taskmq: Taskmq, words: str, line: str, left: str) -> None:
    result = taskmq("jobs", *words.split())

    assert (0, f"{line}\n", "") == (result.exit_code, result.stdout, result.stderr)
    assert left.split() == taskmq("jobs", "list", "--state", "pending", "-q").stdout.split()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("cancel 1", 1, "job 1 is success; only one that is pending can be cancelled"),
        ("cancel 9", 1, "job 9 not found in sqlite://"),
        ("retry 1", 1, "job 1 is success; only one that is"),
        ("delete 9", 1, "job 9 not found"),
        ("delete", 2, "give either the IDs of jobs, or conditions"),
        ("delete 1 --queue mail", 2, "give either the IDs of jobs, or conditions"),
        ("cancel --queue mail", 2, "cancelling 2 pending jobs needs a yes"),
        ("cancel --since never", 2, "expected an instant"),
        ("cancel --since 999999999d", 2, "earlier than the calendar goes"),
    ],
)
def test_what_cannot_be_changed_is_left_as_it_is(taskmq: Taskmq, words: str, code: int, sentence: str) -> None:
    before = taskmq("jobs", "list").stdout

    result = taskmq("jobs", *words.split())

    assert (code, "") == (result.exit_code, result.stdout)
    assert sentence in result.stderr
    assert before == taskmq("jobs", "list").stdout


def test_a_change_that_is_possible_for_some_has_an_exit_code_of_its_own(taskmq: Taskmq) -> None:
    result = taskmq("jobs", "cancel", "1", "3", "9", "--json")

    expected = {
        "cancelled": [{"id": 3, "state": "cancelled"}],
        "skipped": [{"id": 1, "reason": "it is success"}, {"id": 9, "reason": "not found"}],
    }
    assert (6, expected) == (result.exit_code, json.loads(result.stdout))
    assert 1 == taskmq("jobs", "cancel", "1", "9").exit_code


def test_a_dry_run_says_which_and_changes_nothing(taskmq: Taskmq) -> None:
    before = taskmq("jobs", "list").stdout

    assert taskmq("jobs", "delete", "--queue", "mail", "--dry-run").stdout.startswith("Would delete 2 jobs: email 2 (")
    assert "3\n4\n" == taskmq("jobs", "cancel", "--queue", "mail", "--dry-run", "-q").stdout
    assert "2\n" == taskmq("jobs", "retry", "2", "--dry-run", "-q").stdout
    assert before == taskmq("jobs", "list").stdout


def test_jobs_that_are_over_are_purged_after_a_time(taskmq: Taskmq) -> None:
    assert "Purged 0 jobs.\n" == taskmq("jobs", "purge", "--older-than", "1h", "--yes").stdout
    assert "Would purge 2 jobs. Nothing changed.\n" == taskmq("jobs", "purge", "--older-than", "0s", "--dry-run").stdout
    assert "purging 1 job needs a yes" in taskmq("jobs", "purge", "--older-than", "0s", "--state", "dead").stderr

    result = taskmq("jobs", "purge", "--older-than", "0s", "--state", "dead", "--yes", "--json")

    assert (0, {"purged": 1}) == (result.exit_code, json.loads(result.stdout))
    assert ["5", "4", "3", "1"] == taskmq("jobs", "list", "-q").stdout.split()
    assert 2 == taskmq("jobs", "purge").exit_code


def test_what_workers_counted_is_told_by_the_hour(taskmq: Taskmq) -> None:
    hours = json.loads(taskmq("stats", "--json", "--last", "2h").stdout)["items"]
    assert (1, 1) == (sum(hour["succeeded"] for hour in hours), sum(hour["failed"] for hour in hours))
    assert 60_000 > max(hour["run_p95_ms"] or 0 for hour in hours) > 0

    table = taskmq("stats", "--format", "table", "--last", "2h", "--no-header").stdout
    assert all(re.match(r" \d{4}-\d\d-\d\d \d\d:00  ", line) for line in table.splitlines())
    only = json.loads(taskmq("stats", "--json", "--by", "minute", "--handler", "email").stdout)["items"]
    assert len(only) in (60, 61)
    assert (1, 0) == (sum(step["succeeded"] for step in only), sum(step["failed"] for step in only))
    for last in ("0s", "31d", "999999999d"):
        assert 2 == taskmq("stats", "--last", last).exit_code


def test_found_jobs_are_changed_after_a_yes(taskmq: Taskmq, terminal: Terminal) -> None:
    refused = terminal("jobs", "delete", "--queue", "mail", keys="n\n")

    assert "Delete 2 jobs? [y/N]: " in refused
    assert refused.endswith("Nothing changed.\n")
    assert terminal("jobs", "delete", "--queue", "mail", keys="y\n").endswith("Deleted 2.\n")
    assert ["5", "2", "1"] == taskmq("jobs", "list", "-q").stdout.split()


def test_many_are_changed_some_hundred_a_commit(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    taskmq("add-job", "--payload", "-", "--queue", "bills", stdin="1\n2\n3\n4\n5\n")
    commits: list[int] = []

    async def counted(store: TaskStore, deed: bulk.Deed, selection: bulk.Selection, **how: bool) -> bulk.Outcome:
        commits.append(len(selection.ids))
        return await act(store, deed, selection, **how)

    act = bulk.act
    monkeypatch.setattr(bulk, "CHUNK", 2)
    monkeypatch.setattr(bulk, "act", counted)
    result = taskmq("jobs", "cancel", "--queue", "bills", "--yes")

    assert (0, "Cancelled 5.\n", [2, 2, 1]) == (result.exit_code, result.stdout, commits)
