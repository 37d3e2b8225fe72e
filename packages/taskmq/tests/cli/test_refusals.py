"""Bad input: one sentence, a documented exit code, and nothing stored."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import Result
from taskmq.cli.failures import ExitCode, explain

Taskmq = Callable[..., Result]
JOB = ("add-job", "--handler", "email", "--payload", "{}")
TWO_MEGABYTES = json.dumps("x" * 2_000_000)

CASES = [
    pytest.param(["add-job", "--payload", "{bad"], None, 2, "not valid JSON: expected a property name", id="no JSON"),
    pytest.param(["add-job", "--payload", '{"a": 1'], None, 2, "expected a comma or the end", id="half of it"),
    pytest.param(["add-job", "--payload", "{} {}"], None, 2, "expected nothing after the value", id="too much"),
    pytest.param(["add-job", "--payload", '{"a": NaN}'], None, 2, "NaN is not JSON", id="NaN"),
    pytest.param(["add-job", "--payload", "-Infinity"], None, 2, "-Infinity is not JSON", id="Infinity"),
    pytest.param(["add-job", "--payload", '{"a": [1e999]}'], None, 2, "$.a[0] is inf", id="a float that overflows"),
    pytest.param(["add-job", "--payload", '{"a": "\\u0000"}'], None, 2, "$.a has a NUL character", id="NUL in a value"),
    pytest.param(["add-job", "--payload", '"\\u0000"'], None, 2, "NUL character", id="NUL in bare text"),
    pytest.param(["add-job", "--payload", '["\\ud800"]'], None, 2, "lone surrogate", id="lone surrogate"),
    pytest.param(["add-job", "--payload", '"\udcff"'], None, 2, "is not text in UTF-8", id="bytes that are no UTF-8"),
    pytest.param(["jobs", "list", "--payload", "\udcff"], None, 2, "\\udcff is not text", id="bytes to be found"),
    pytest.param(["add-job", "--payload", "9" * 5000], None, 2, "limit (4300 digits)", id="endless integer"),
    pytest.param(["add-job", "--payload", "[" * 100_000], None, 2, "nested too deeply", id="deep and unclosed"),
    pytest.param(["add-job", "--payload", "[" * 150 + "]" * 150], None, 2, "more than 100 levels", id="deep"),
    pytest.param(["add-job", "--payload", TWO_MEGABYTES], None, 2, "2,000,002 bytes", id="two megabytes"),
    pytest.param(
        ["add-job", "--payload", "@big.json"], None, 2, "the limit is 1,048,576", id="two megabytes in a file"
    ),
    pytest.param(["add-job", "--payload", "@nowhere.json"], None, 2, "cannot read nowhere.json: No such", id="no file"),
    pytest.param(["add-job", "--payload", "@."], None, 2, "cannot read .: Is a directory", id="folder"),
    pytest.param(["add-job", "--payload", "@/dev/zero"], None, 2, "more than 16,000,000 bytes", id="endless file"),
    pytest.param(["add-job", "--payload", "@latin1.json"], None, 2, "latin1.json is not UTF-8: byte 2", id="Latin-1"),
    pytest.param(
        ["add-job", "--payload", "-"], '{"n":1}\n{oops\n3\n', 2, "line 2 of stdin is not valid", id="a bad line"
    ),
    pytest.param(
        ["add-job", "--payload", "-"], '1\n2\n"\\u0000"\n', 2, "line 3 of stdin cannot be", id="NUL in a line"
    ),
    pytest.param(
        ["add-job", "--payload", "-"], b"1\n\xff\n", 2, "line 2 of stdin is not UTF-8", id="a line in Latin-1"
    ),
    pytest.param(
        ["add-job", "--payload", "-"], f"1\n{TWO_MEGABYTES}", 2, "line 2 of stdin cannot", id="an endless line"
    ),
    pytest.param(
        ["add-job", "--payload", "-", "--priority", str(2**70)], "1\n2", 2, "priority", id="lines, bad option"
    ),
    pytest.param(["add-job", "--payload", "-", "--wait"], "1\n", 2, "--wait is for one job", id="waiting for lines"),
    pytest.param([*JOB, "--strict"], None, 1, 'no handler named "email" is registered', id="unknown handler"),
    pytest.param(["add-job", "--strict"], None, 2, "--strict needs --handler", id="strict about no handler"),
    pytest.param(["add-job", "--handler", "h" * 300], None, 2, "200 printable characters", id="endless handler name"),
    pytest.param(["add-job", "--handler", "a\nb"], None, 2, "printable characters", id="lines in a name"),
    pytest.param([*JOB, "--scheduled-for", "2026-04-01T12:00:00"], None, 2, "has no time zone", id="naive datetime"),
    pytest.param([*JOB, "--scheduled-for", "yesterday"], None, 2, "expected an instant", id="garbage datetime"),
    pytest.param([*JOB, "--scheduled-for", "+999999999d"], None, 2, "later than the calendar", id="far datetime"),
    pytest.param([*JOB, "--priority", str(2**70)], None, 2, "priority must be an integer from", id="huge priority"),
    pytest.param([*JOB, "--priority", "9" * 5000], None, 2, "not a valid integer", id="endless priority"),
    pytest.param([*JOB, "--priority", "high"], None, 2, "not a valid integer", id="priority in words"),
    pytest.param([*JOB, "--interval-seconds", "0"], None, 2, "not in the range", id="no interval"),
    pytest.param([*JOB, "--interval-seconds", str(10**30)], None, 2, "not in the range", id="huge interval"),
    pytest.param([*JOB, "--interval-seconds", "5", "--wait"], None, 2, "for one job that ends", id="endless wait"),
    pytest.param([*JOB, "--retry-policy", "never"], None, 2, "is not one of 'fixed'", id="unknown policy"),
    pytest.param([*JOB, "--queue", ""], None, 2, "queue", id="queue without a name"),
    pytest.param([*JOB, "--max-retries", "-1"], None, 2, "max_retries must be a whole number", id="fewer than none"),
    pytest.param([*JOB, "--retry-delay", "9999d"], None, 2, "retry_delay must be from 0", id="endless delay"),
    pytest.param([*JOB, "--time-limit", "0s"], None, 2, "timeout", id="no time at all"),
    pytest.param([*JOB, "--concurrency-key", "a", "--concurrency-limit", "0"], None, 2, "oncurrency", id="no slot"),
    pytest.param([*JOB, "--idempotency-key", "k" * 1000], None, 2, "idempotency", id="endless key"),
    pytest.param(
        ["add-job", "--payload", "-", "--idempotency-key", "k"], "1", 2, "are for one job", id="a key for all"
    ),
    pytest.param([*JOB, "--timeout", "later"], None, 2, "expected a duration", id="garbage timeout"),
    pytest.param([*JOB, "--import", "nothere"], None, 2, "found no module 'nothere'", id="no such module"),
    pytest.param([*JOB, "--import", "broken"], None, 2, "failed with ZeroDivisionError", id="module that raises"),
    pytest.param([*JOB, "--import", "exits"], None, 2, "failed with SystemExit", id="module that exits"),
    pytest.param([*JOB, "--import", "needs"], None, 2, "No module named 'missing_dep'", id="module that lacks another"),
    pytest.param([*JOB, "--nonsense"], None, 2, "No such option", id="unknown option"),
    pytest.param(["add-jobs"], None, 2, "No such command", id="unknown command"),
    pytest.param(["--backend", "mysql", *JOB], None, 2, "is not one of 'sqlite'", id="unknown backend"),
    pytest.param(
        ["--backend", "redis", "--redis-url", "redis://:s3cret@127.0.0.1:1/0", *JOB],
        None,
        3,
        "cannot reach Redis at redis://:***@127.0.0.1:1/0 (",
        id="redis away",
    ),
    pytest.param(["--backend", "redis", "--redis-url", "http://x", *JOB], None, 2, "a Redis URL looks", id="no redis"),
    pytest.param(["get-job", "x"], None, 2, "not a valid integer", id="id in words"),
    pytest.param(["get-job", str(10**30)], None, 2, "not in the range", id="huge id"),
    pytest.param(["inspect", "0"], None, 2, "not in the range", id="id zero"),
    pytest.param(["replay", "7"], None, 1, "job 7 not found in sqlite:///", id="nothing to replay"),
    pytest.param(["replay", "7", "--exact"], None, 1, "job 7 not found", id="nothing to replay exactly"),
    pytest.param(["replay-dead", "7"], None, 1, "job 7 not found in the dead jobs", id="no such dead job"),
    pytest.param(["replay-dead"], None, 2, "either the ID of a dead job or --all", id="replay of what"),
    pytest.param(["replay-dead", "7", "--all"], None, 2, "either the ID of a dead job or --all", id="replay of both"),
    pytest.param(["replay-dead", "7", "--dry-run"], None, 2, "go with --all", id="trying one"),
    pytest.param(["replay-dead", "--all", "--rate", "0/s"], None, 2, "expected a rate", id="standing still"),
    pytest.param(["logs"], None, 2, "Please specify --job or --handler", id="log of what"),
    pytest.param(["logs", "--job", "0"], None, 2, "Please specify --job or --handler", id="log of nothing"),
    pytest.param(["logs", "--job", "1", "--limit", "0"], None, 2, "not in the range", id="no lines"),
    pytest.param(["jobs", "list", "--state", "lost"], None, 2, "is not one of", id="unknown state"),
    pytest.param(["jobs", "list", "--limit", "many"], None, 2, "'many' is not a valid integer.", id="limit in words"),
    pytest.param(["get-job", "abc"], None, 2, "'abc' is not a valid integer.", id="id in words"),
    pytest.param(["schedules", "add", "s"], None, 2, "give either --cron", id="a schedule without instants"),
    pytest.param(["schedules", "run", "s"], None, 1, "there is no schedule 's'", id="unknown schedule"),
    pytest.param(["jobs", "list", "--cursor", "zzz"], None, 2, "'zzz' is no cursor", id="garbage cursor"),
]
CASES_WITHOUT_DATA = [
    pytest.param(["run-worker", "--lease", "1ms"], None, 2, "lease must be 0.1 s or longer", id="lease of nothing"),
    pytest.param(["run-worker", "--import", "a,,b"], None, 2, "expected names", id="import of nothing"),
]


@pytest.fixture(autouse=True)
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "big.json").write_text(TWO_MEGABYTES)
    (folder / "latin1.json").write_bytes(b'"\xe9"')
    (folder / "broken.py").write_text("1 / 0")
    (folder / "exits.py").write_text("raise SystemExit(3)")
    (folder / "needs.py").write_text("import missing_dep")


@pytest.mark.parametrize(("words", "stdin", "code", "sentence"), CASES + CASES_WITHOUT_DATA)
def test_bad_input_gets_one_sentence_and_stores_nothing(
    taskmq: Taskmq, words: Sequence[str], stdin: str | bytes | None, code: int, sentence: str
) -> None:
    result = taskmq(*words, stdin=stdin)

    told = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert (code, "", 1) == (result.exit_code, result.stdout, len(told))
    assert sentence in told[0]
    assert told[0].endswith(".")
    assert "Traceback" not in result.stderr
    assert len(result.stderr) < 1000
    assert "" == taskmq("jobs", "list", "-q").stdout


@pytest.mark.parametrize(("words", "stdin", "code", "sentence"), CASES)
def test_with_json_the_error_is_a_document(
    taskmq: Taskmq, words: Sequence[str], stdin: str | bytes | None, code: int, sentence: str
) -> None:
    result = taskmq(*words, "--json", stdin=stdin)

    error = json.loads(result.stdout)["error"]
    assert (code, "") == (result.exit_code, result.stderr)
    assert {"code", "message", "hint"} == error.keys()
    assert sentence in error["message"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["jobs", "list", "--db-path", "x.db"], "it goes before the command: taskmq --db-path ... jobs list"),
        (["jobs", "list", "--sate", "dead"], "see: taskmq jobs list --help"),
        (["schedules", "pause", "s"], "list them with: taskmq schedules list"),
    ],
)
def test_a_hint_says_what_to_type_next(taskmq: Taskmq, words: Sequence[str], hint: str) -> None:
    assert f"Hint: {hint}" == taskmq(*words).stderr.splitlines()[-1]


@pytest.mark.parametrize(("names", "sentence"), [([], "No space left"), (["/full"], "No space left: /full")])
def test_what_the_system_refuses_is_told_with_the_file_it_is_about(names: Sequence[str], sentence: str) -> None:
    failure = explain(OSError(28, "No space left", *names))

    assert (f"cannot go on: {sentence}", ExitCode.REFUSED) == (str(failure), failure.exit_code)


def test_two_forms_exclude_each_other(taskmq: Taskmq) -> None:
    result = taskmq("jobs", "list", "--json", "--format", "tsv")

    assert (2, "usage") == (result.exit_code, json.loads(result.stdout)["error"]["code"])
