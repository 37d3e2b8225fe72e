"""get-job, inspect, logs, jobs list, handlers list, doctor: what is there to see, and in which form."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]
WORK = ("run-worker", "--until-idle", "--import", "myjobs")


@pytest.fixture
def done(taskmq: Taskmq) -> None:
    """Job 1 has succeeded, job 2 is dead, job 3 waits."""
    taskmq("add-job", "--handler", "email", "--payload", '{"to": "a@b.c"}', "--priority", "5")
    taskmq("add-job", "--handler", "report", "--payload", '{"month": 13}', "--retry-policy", "none")
    taskmq("add-job", "--handler", "email", "--payload", '"later"', "--scheduled-for", "+1h")
    taskmq(*WORK)


@pytest.mark.usefixtures("done")
def test_a_job_is_shown_in_the_lines_of_old(taskmq: Taskmq) -> None:
    expected = (
        'Job ID: 1\nStatus: SUCCESS\nPriority: 5\nPayload: {"to": "a@b.c"}\nResult: {\'sent\': True}\nRetries: 0\n'
    )
    assert expected == taskmq("get-job", "1").stdout

    assert "Result: None\nError: bad month 13\nRetries: 0\n" in taskmq("get-job", "2").stdout


@pytest.mark.usefixtures("done")
def test_a_job_as_a_document_has_all_there_is(taskmq: Taskmq) -> None:
    job = json.loads(taskmq("get-job", "2", "--json").stdout)

    assert (2, "dead", "FAILED", {"month": 13}) == (job["id"], job["state"], job["status"], job["payload"])
    assert ("ValueError: bad month 13", 1, "none") == (job["error"], job["attempts"], job["retry_policy"])
    assert datetime.fromisoformat(job["created_at"]) <= datetime.fromisoformat(job["finished_at"])
    assert job == json.loads(taskmq("get-job", "2", "--format", "jsonl").stdout)


@pytest.mark.usefixtures("done")
def test_inspect_tells_the_story_in_the_lines_of_old(taskmq: Taskmq) -> None:
    head, _, story = taskmq("inspect", "2").stdout.partition("-" * 40 + "\nExecution Timeline:\n")

    assert 'Job ID: 2\nStatus: FAILED\nHandler: report\nPayload: {"month": 13}\n' == head
    times, messages = zip(*(line.removeprefix("[").split("] ", 1) for line in story.splitlines()), strict=True)
    assert ("Queued", "Job started", "Job failed: bad month 13") == messages
    assert sorted(times) == [str(datetime.fromisoformat(time).isoformat()) for time in times]


@pytest.mark.usefixtures("done")
def test_inspect_has_its_timeline_in_the_document(taskmq: Taskmq) -> None:
    job = json.loads(taskmq("inspect", "1", "--json").stdout)

    messages = [entry["message"] for entry in job["timeline"]]
    assert ["Queued", "Job started", "Job finished successfully"] == messages


@pytest.mark.usefixtures("done")
def test_logs_are_the_newest_lines_with_the_oldest_first(taskmq: Taskmq) -> None:
    every = taskmq("logs", "--handler", "report").stdout.splitlines()

    assert ["[Job 2] [INFO] Job started", "[Job 2] [ERROR] Job failed: bad month 13"] == [
        line.split("] ", 1)[1] for line in every
    ]
    assert every[-1:] == taskmq("logs", "--job", "2", "--limit", "1").stdout.splitlines()
    assert every == taskmq("logs", "--job", "2", "--handler", "report").stdout.splitlines()
    assert "No logs found.\n" == taskmq("logs", "--job", "3").stdout


@pytest.mark.usefixtures("done")
def test_logs_go_out_as_documents_too(taskmq: Taskmq) -> None:
    lines = [json.loads(line) for line in taskmq("logs", "--job", "2", "--format", "jsonl").stdout.splitlines()]

    assert [(2, "report", "INFO"), (2, "report", "ERROR")] == [
        (line["job_id"], line["handler"], line["level"]) for line in lines
    ]
    assert "timestamp\tjob_id\tlevel\tmessage" == taskmq("logs", "--job", "3", "--format", "tsv").stdout.strip()


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param([], ["3", "2", "1"], id="newest first"),
        pytest.param(["--state", "success"], ["1"], id="by state"),
        pytest.param(["--state", "failed"], ["2"], id="failed has the dead"),
        pytest.param(["--handler", "email"], ["3", "1"], id="by handler"),
        pytest.param(["--handler", "email", "--state", "pending"], ["3"], id="by both"),
        pytest.param(["--handler", "nobody"], [], id="none"),
    ],
)
def test_jobs_are_listed_by_what_they_are(taskmq: Taskmq, filters: Sequence[str], expected: Sequence[str]) -> None:
    assert expected == taskmq("jobs", "list", "-q", *filters).stdout.split()


@pytest.mark.usefixtures("done")
def test_a_pipe_gets_whole_values_between_tabs(taskmq: Taskmq) -> None:
    header, *rows = [line.split("\t") for line in taskmq("jobs", "list").stdout.splitlines()]

    assert ["id", "state", "handler", "attempts", "max_attempts", "created_at", "duration_ms", "error"] == header
    assert [["3", "scheduled", "email", "0"], ["2", "dead", "report", "1"], ["1", "success", "email", "1"]] == [
        row[:4] for row in rows
    ]
    assert ["", "ValueError: bad month 13", ""] == [row[7] for row in rows]
    assert 3 == len(taskmq("jobs", "list", "--no-header").stdout.splitlines())


@pytest.mark.usefixtures("done")
def test_pages_follow_each_other(taskmq: Taskmq) -> None:
    first = json.loads(taskmq("jobs", "list", "--limit", "2", "--json").stdout)
    second = json.loads(taskmq("jobs", "list", "--limit", "2", "--json", "--cursor", first["next_cursor"]).stdout)

    assert [3, 2] == [job["id"] for job in first["items"]]
    assert ([1], None) == ([job["id"] for job in second["items"]], second["next_cursor"])


@pytest.mark.usefixtures("done")
def test_the_next_page_is_a_command_away(taskmq: Taskmq) -> None:
    result = taskmq("jobs", "list", "--handler", "email", "--limit", "1", "-q")

    shown, _, more = result.stderr.strip().partition(" More: ")
    assert ("3\n", "1 shown.") == (result.stdout, shown)
    assert "1\n" == taskmq(*more.split()[1:], "-q").stdout


def test_a_table_in_a_pipe_is_neither_coloured_nor_cut(taskmq: Taskmq) -> None:
    _die_of(taskmq, "x" * 500)

    table = taskmq("jobs", "list", "--format", "table").stdout

    assert "\x1b" not in table
    assert "☠ dead" in table
    assert "x" * 500 in table


def test_a_stored_value_can_neither_act_nor_fake_a_line(taskmq: Taskmq) -> None:
    job_id = _die_of(taskmq, "\x1b[2J\nJob ID: 99\t\u202e")

    for words in (["get-job", job_id], ["inspect", job_id], ["logs", "--job", job_id], ["list-dead"], ["jobs", "list"]):
        shown = taskmq(*words).stdout
        assert "\\x1b[2J\\nJob ID: 99\\t\\u202e" in shown, words
        assert not {"\x1b", "\u202e"} & set(shown), words
    assert "\x1b" not in taskmq("get-job", job_id, "--json").stdout


def _die_of(taskmq: Taskmq, message: str) -> str:
    """Let a job die with this message, and return its id."""
    words = ("--handler", "raise", "--retry-policy", "none", "--payload", json.dumps(message))
    job_id = taskmq("add-job", "-q", *words).stdout.strip()
    taskmq(*WORK)
    return job_id


def test_handlers_are_those_of_imported_modules(taskmq: Taskmq) -> None:
    assert ["dummy"] == taskmq("handlers", "list", "-q").stdout.split()
    assert ["dummy", "email", "raise", "report", "slow"] == taskmq(
        "handlers", "list", "-q", "--import", "myjobs"
    ).stdout.split()

    (email,) = [
        item for item in json.loads(taskmq("handlers", "list", "--json").stdout)["items"] if item["name"] == "email"
    ]
    assert ("myjobs.email", "sync", "Send a mail.") == (email["function"], email["kind"], email["summary"])


def test_the_doctor_finds_nothing_wrong(taskmq: Taskmq) -> None:
    result = taskmq("doctor", "--json")

    assert 0 == result.exit_code
    levels = {item["check"]: item["level"] for item in json.loads(result.stdout)["items"]}
    assert ["ok"] * 6 == [
        levels[check] for check in ("versions", "settings", "store", "clock", "permissions", "handlers")
    ]
    assert ["warning", "warning"] == [levels[check] for check in ("workers", "secret")]
    assert 1 == taskmq("doctor", "--strict").exit_code


@pytest.mark.parametrize(("variable", "value"), [("TASKMQ_BACKEND", "sqlit"), ("TASKMQ_DB_PATH", "nowhere/taskmq.db")])
def test_the_doctor_names_what_is_wrong(
    taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    result = taskmq("doctor", "--json")

    wrong = [item for item in json.loads(result.stdout)["items"] if not item["ok"]]
    assert (1, "workers") == (result.exit_code, wrong[-1]["check"])
    assert [value in item["detail"] for item in wrong] == [item["detail"] != "not looked at" for item in wrong]
    assert 1 == sum(value in item["detail"] for item in wrong)


def test_the_doctor_looks_at_the_secret(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", "too short")
    assert 1 == taskmq("doctor").exit_code

    monkeypatch.setenv("TASKMQ_JWT_SECRET", "long enough, even for those who want 32 bytes")
    assert "secret\ttrue\tTASKMQ_JWT_SECRET is long enough" in taskmq("doctor").stdout


def test_the_dummy_handler_is_always_there(taskmq: Taskmq) -> None:
    assert "Dummy handler 'dummy' registered.\n" == taskmq("register-dummy-handler").stdout
