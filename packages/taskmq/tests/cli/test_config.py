"""Where settings come from, and config show."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]

FILE = """
[taskmq]
db_path = "from-file.db"
redis_url = "redis://ada:s3cret@10.0.0.9:6379/0"
import = ["myjobs"]
max_workers = 3
jwt_require_exp = true
"""


def shown(result: Result) -> dict[str, tuple[Any, str, Any]]:
    assert 0 == result.exit_code, result.output
    return {item["key"]: (item["value"], item["origin"], item["source"]) for item in json.loads(result.stdout)["items"]}


@pytest.fixture
def file(folder: Path) -> Path:
    path = folder / "taskcore.toml"
    path.write_text(FILE)
    return path


@pytest.mark.usefixtures("file")
def test_an_option_beats_the_environment_beats_the_file_beats_the_default(
    taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shown(taskmq("config", "show", "--json"))
    assert ("from-file.db", "file", "taskcore.toml") == settings["db_path"]
    assert ("3", "file", "taskcore.toml") == settings["max_workers"]
    assert ("1", "default", None) == settings["processes"]

    monkeypatch.setenv("TASKMQ_DB_PATH", "from-environment.db")
    assert ("from-environment.db", "environment", "TASKMQ_DB_PATH") == shown(taskmq("config", "show", "--json"))[
        "db_path"
    ]

    settings = shown(taskmq("--db-path", "from-option.db", "config", "show", "--json"))
    assert ("from-option.db", "option", "--db-path") == settings["db_path"]


@pytest.mark.usefixtures("file")
def test_what_the_file_says_is_done(taskmq: Taskmq, folder: Path) -> None:
    taskmq("add-job", "--handler", "email", "--payload", "{}")

    result = taskmq("run-worker", "--until-idle")

    assert "with 3 worker(s)" in result.stdout
    assert "Processed 1 (1 ok, 0 failed)" in result.stderr
    assert (folder / "from-file.db").exists()


def test_a_file_may_be_named_or_stand_in_pyproject(
    taskmq: Taskmq, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.taskcore.taskmq]\nqueues = "mail"\n')
    assert ("mail", "file", "pyproject.toml") == shown(taskmq("config", "show", "--json"))["queues"]

    (folder / "mine.toml").write_text('[taskmq]\nqueues = ["a", "b"]\n')
    assert ("a,b", "file", "mine.toml") == shown(taskmq("--config", "mine.toml", "config", "show", "--json"))["queues"]
    monkeypatch.setenv("TASKMQ_CONFIG", "mine.toml")
    assert ("a,b", "file", "mine.toml") == shown(taskmq("config", "show", "--json"))["queues"]


@pytest.mark.usefixtures("file")
def test_secrets_are_not_shown(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", "s3cret" * 6)

    result = taskmq("config", "show", "--json")

    assert "s3cret" not in result.output
    assert ("***", "environment", "TASKMQ_JWT_SECRET") == shown(result)["jwt_secret"]
    assert "redis://ada:***@10.0.0.9:6379/0" == shown(result)["redis_url"][0]


def test_a_secret_may_stand_in_a_file(taskmq: Taskmq, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").write_text("s3cret" * 6 + "\n")
    monkeypatch.setenv("TASKMQ_JWT_SECRET_FILE", "secret")

    assert ("***", "environment", "TASKMQ_JWT_SECRET_FILE") == shown(taskmq("config", "show", "--json"))["jwt_secret"]
    from_file = taskmq("token", "create")
    monkeypatch.setenv("TASKMQ_JWT_SECRET", "s3cret" * 6)
    both = taskmq("token", "create")
    monkeypatch.delenv("TASKMQ_JWT_SECRET")
    monkeypatch.setenv("TASKMQ_JWT_SECRET_FILE", "nowhere")
    neither = taskmq("token", "create")

    assert (0, 2, 2) == (from_file.exit_code, both.exit_code, neither.exit_code)
    assert "TASKMQ_JWT_SECRET and TASKMQ_JWT_SECRET_FILE are both set; unset one of them" in both.stderr
    assert "TASKMQ_JWT_SECRET_FILE: cannot read 'nowhere': No such file" in neither.stderr


def test_an_option_beats_the_file_of_a_secret(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_REDIS_URL_FILE", "nowhere")

    assert 2 == taskmq("jobs", "list").exit_code
    assert 0 == taskmq("--redis-url", "redis://localhost:1/0", "jobs", "list").exit_code


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[taskmq]\nmax_worker = 3\n", "unknown setting 'max_worker'.\nHint: did you mean max_workers?"),
        ("[taskmq]\nnonsense = 3\n", "Hint: there are backend, db_path"),
        ("[taskmq]\nqueues = {a = 1}\n", "must give queues as text, a number"),
        ('[taskmq]\nqueues = "a\\u0000"\n', "must give queues as text, a number"),
        ("taskmq = 3\n", "must have a table of settings"),
        ("[taskmq\n", "is no TOML"),
        ('[taskmq]\nbackend = "mysql"\n', "TASKMQ_BACKEND must be sqlite or redis, got 'mysql'"),
        ("[taskmq]\nmax_workers = 100000\n", ""),
    ],
)
def test_a_file_that_says_nonsense_is_refused(taskmq: Taskmq, folder: Path, text: str, sentence: str) -> None:
    (folder / "taskcore.toml").write_text(text)

    result = taskmq("run-worker", "--until-idle")

    assert (2, "") == (result.exit_code, result.stdout)
    assert sentence in result.stderr


def test_a_file_that_is_not_there_is_refused(taskmq: Taskmq) -> None:
    result = taskmq("--config", "nowhere.toml", "jobs", "list")

    assert (2, "Error: cannot read the configuration nowhere.toml: No such file or directory.\n") == (
        result.exit_code,
        result.stderr,
    )
