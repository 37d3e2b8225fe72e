"""The commands on Redis: chosen by options or the environment, and told in one sentence when it is away."""

import json
import secrets
from collections.abc import Callable, Iterator

import pytest
import redis
from click.testing import Result

Taskmq = Callable[..., Result]

AWAY = "redis://:s3cret@127.0.0.1:1/0"


@pytest.fixture
def prefix(redis_url: str) -> Iterator[str]:
    """Of a queue of its own."""
    prefix = f"test-{secrets.token_hex(6)}:"
    yield prefix
    with redis.Redis.from_url(redis_url) as client:
        client.unlink("none", *client.scan_iter(f"{prefix}*", count=10_000))


@pytest.fixture
def options(redis_url: str, prefix: str) -> list[str]:
    return ["--backend", "redis", "--redis-url", redis_url, "--redis-prefix", prefix]


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, redis_url: str, prefix: str) -> None:
    for name, value in {"BACKEND": "redis", "REDIS_URL": redis_url, "REDIS_PREFIX": prefix}.items():
        monkeypatch.setenv(f"TASKMQ_{name}", value)


def test_jobs_are_added_run_and_read(taskmq: Taskmq, options: list[str], redis_url: str) -> None:
    added = taskmq(*options, "add-job", "--payload", '{"to":"a@b.c"}', "--handler", "email")
    assert "Inserted job with ID: 1, handler: email, priority: 0, payload: {'to': 'a@b.c'}\n" == added.stdout

    worked = taskmq(*options, "run-worker", "--import", "myjobs", "--until-idle")
    assert "using redis backend..." in worked.stdout
    assert f"redis: {redis_url}" in worked.stderr
    assert "Stopped. Processed 1 (1 ok, 0 failed), requeued 0." in worked.stderr

    (job,) = json.loads(taskmq(*options, "jobs", "list", "--json").stdout)["items"]
    assert (1, "success", {"sent": True}) == (job["id"], job["state"], job["return_value"])
    assert "" == taskmq("jobs", "list", "-q").stdout, "nothing may be in the file"


@pytest.mark.usefixtures("env")
def test_the_environment_names_the_queue_and_an_option_beats_it(taskmq: Taskmq) -> None:
    taskmq("add-job", "--payload", "{}", "--handler", "email")

    assert "1\n" == taskmq("jobs", "list", "-q").stdout
    assert "" == taskmq("--backend", "sqlite", "jobs", "list", "-q").stdout


@pytest.mark.usefixtures("env")
def test_dead_jobs_are_replayed(taskmq: Taskmq) -> None:
    taskmq("add-job", "--payload", "{}", "--handler", "report", "--retry-policy", "none")
    taskmq("run-worker", "--import", "myjobs", "--until-idle")

    assert "Error: bad month 13" in taskmq("list-dead").stdout
    assert "Job 1 replayed successfully. New Job ID: 2\n" == taskmq("replay-dead", "1").stdout
    assert "job 1 not found in redis://" in taskmq("get-job", "1").stderr


@pytest.mark.usefixtures("env")
def test_users_are_kept_beside_the_jobs(taskmq: Taskmq) -> None:
    added = taskmq("users", "add", "ada", "--role", "admin", "--password-stdin", stdin="correct horse battery\n")

    assert "User ada (admin) created.\n" == added.stdout
    assert "ada\n" == taskmq("users", "list", "-q").stdout


@pytest.mark.usefixtures("env")
def test_the_doctor_is_content(taskmq: Taskmq, redis_url: str) -> None:
    result = taskmq("doctor", "--json")

    checks = {check["check"]: check for check in json.loads(result.stdout)["items"]}
    assert (0, True, f"redis, {redis_url}") == (result.exit_code, checks["store"]["ok"], checks["settings"]["detail"])


def test_a_server_that_is_away_is_told_without_its_password(taskmq: Taskmq) -> None:
    result = taskmq("--backend", "redis", "--redis-url", AWAY, "jobs", "list")

    assert (3, "") == (result.exit_code, result.stdout)
    assert "Error: cannot reach Redis at redis://:***@127.0.0.1:1/0 (connection refused).\n" in result.stderr
    assert result.stderr.endswith("\nHint: check the URL or run: taskmq doctor\n")
    assert "s3cret" not in result.stderr


def test_the_doctor_says_so_too(taskmq: Taskmq) -> None:
    result = taskmq("--backend", "redis", "--redis-url", AWAY, "doctor")

    assert 1 == result.exit_code
    assert 1 == result.stdout.count("cannot be reached")
    assert "clock\tfalse\tnot looked at\t" in result.stdout
    assert "s3cret" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:p@ss@host:6379/0", "redis://user:***@host:6379/0"),
        ("redis://user:p/ss@host:6379/0", "redis://user:***@host:6379/0"),
        ("rediss://:pw@host", "rediss://:***@host"),
        ("redis://host/0?password=pw&db=1", "redis://host/0?password=***&db=1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("unix://user:pw@/run/redis.sock", "unix://user:***@/run/redis.sock"),
    ],
)
def test_addresses_hide_passwords(url: str, shown: str) -> None:
    from taskmq.cli.program import address
    from taskmq.settings import Settings

    assert shown == address(Settings(backend="redis", redis_url=url))
