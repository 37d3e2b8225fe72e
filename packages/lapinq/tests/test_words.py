"""Settings, terms and the words for people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from lapinq.roles import grants_of, permissions_of
from lapinq.settings import DEFAULT_DATABASE_URL, Settings
from lapinq.task import Task, task_of, ttl_remaining
from lapinq.vocabulary import Terms, retry_policy, terms_of
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.retry import delay_before
from taskcore.states import TaskState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_settings_come_from_the_environment_and_an_empty_variable_counts_as_unset() -> None:
    env = {
        "DATABASE_URL": "postgresql://a/b", "LAPINQ_API_KEY": "", "LAPINQ_SESSION_SECRET": " ",
        "LAPINQ_RATE_LIMIT": "5", "LAPINQ_CORS_ORIGINS": "https://a, https://b", "LAPINQ_IMPORT": "src,myapp",
        "LAPINQ_WEBHOOK_ALLOW_PRIVATE": "1",
    }  # fmt: skip

    settings = Settings.from_env(env)

    assert ("postgresql://a/b", None, None, 5) == (
        settings.database_url, settings.api_key, settings.session_secret, settings.rate_limit,
    )  # fmt: skip
    assert (("https://a", "https://b"), ("src", "myapp"), True) == (
        settings.cors_origins, settings.imports, settings.webhook_allow_private,
    )  # fmt: skip
    assert "postgresql://c/d" == Settings.from_env({**env, "LAPINQ_DATABASE_URL": "postgresql://c/d"}).database_url
    assert "x" == Settings.from_env(env, database_url="x").database_url
    assert DEFAULT_DATABASE_URL == Settings.from_env({}, database_url=None).database_url


def test_settings_do_not_show_what_is_secret() -> None:
    settings = Settings(database_url="postgresql://u:SECRET@h/d", api_key="SECRET", session_secret="SECRET")

    assert "SECRET" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LAPINQ_RATE_LIMIT", "many"),
        ("LAPINQ_POOL_SIZE", "0"),
        ("LAPINQ_DB_TIMEOUT", "nan"),
        ("LAPINQ_HEARTBEAT_INTERVAL", "0"),
        ("LAPINQ_LOG_LEVEL", "loud"),
        ("LAPINQ_JSON_LOG", "maybe"),
        ("LAPINQ_API_PREFIX", "api"),
    ],
)
def test_a_variable_that_says_nothing_usable_is_named(variable: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=f"{variable} must .*got '{value}'"):
        Settings.from_env({variable: value})


def test_heartbeat_and_recovery_intervals_shorten_lease_and_sweep() -> None:
    assert timedelta(seconds=45) == Settings().lease
    short = Settings(heartbeat_interval=0.5, stale_recovery_interval=1)
    assert (timedelta(seconds=1), timedelta(seconds=0.5)) == (short.lease, short.sweep)


def test_waits_between_executions_are_those_of_the_documentation() -> None:
    def waits(policy: Any) -> list[float]:
        return [delay_before(policy, failures, Random()).total_seconds() for failures in range(1, 8)]

    assert [10, 30, 60, 300, 600, 600, 600] == waits(retry_policy(9))
    assert [10] * 7 == waits(retry_policy(9, backoff=False))
    assert [2.5] * 7 == waits(retry_policy(9, delay=2.5, backoff=False))


@pytest.mark.parametrize(
    "terms",
    [
        Terms(),
        Terms(
            ttl=60.0, metadata={"a": [1]}, webhook_url="http://h/", max_retries=0, retry_delay=1.5, retry_backoff=False
        ),
    ],
)
def test_terms_come_back_as_they_went(terms: Terms) -> None:
    assert terms == terms_of(terms.dump())


def a_task(**given: Any) -> Task:
    record = TaskRecord(
        id=TaskId("01a227e8-2ec2-7000-97d9-704ebc96e80c"), name="m:t", queue="q", payload='{"args":[],"kwargs":{}}',
        priority=0, state=TaskState.PENDING, created_at=NOW, run_at=NOW,
    )  # fmt: skip
    return replace(task_of(record), **given)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "∞"), (-1, "expired"), (0, "expired"), (4, "4s"), (184, "3m 4s"), (7380, "2h 3m"), (93600, "1d 2h"),
    ],
)  # fmt: skip
def test_what_is_left_of_a_ttl_is_said_for_people(seconds: float | None, expected: str) -> None:
    assert expected == ttl_remaining(a_task(ttl_seconds=seconds), NOW)


def test_permissions_are_grants_and_back() -> None:
    permissions = {"queues": {"video": ["cancel", "delete"], "mail": ["cancel"]}}

    assert permissions == permissions_of(grants_of(permissions))


@pytest.mark.parametrize(
    "permissions",
    [
        None,
        [],
        {},
        {"queues": []},
        {"queues": {"video": "delete"}},
        {"queues": {"*": ["delete"]}},
        {"queues": {"v": ["admin"]}},
    ],
)
def test_permissions_of_any_other_shape_grant_nothing(permissions: object) -> None:
    assert ((), {}) == (grants_of(permissions), permissions_of(grants_of(permissions)))
