"""What keeps a queue from working is said before somebody looks for it, and with what to do about it."""

import json
from collections.abc import Callable, Mapping

import pytest
from lapinq.cli import health

from .conftest import Run

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "a key that is as long as it should be"

Doctor = Callable[..., Mapping[str, tuple[str, str]]]


@pytest.fixture
def doctor(lapinq: Run) -> Doctor:
    """Levels and details, by check."""

    def found(*words: str) -> Mapping[str, tuple[str, str]]:
        ran = lapinq("doctor", "--json", *words)
        assert "Traceback" not in ran.err
        return {each["check"]: (each["level"], each["detail"]) for each in json.loads(ran.out)}

    return found


def test_a_fresh_queue_has_warnings_that_say_what_to_do(lapinq: Run, doctor: Doctor) -> None:
    found = doctor()

    assert {"imports", "database", "clock", "listen", "schema", "queues", "schedules", "users", "encryption"} == {
        check for check, (level, _) in found.items() if level == "ok" and check != "versions"
    }
    assert {"api key", "secret", "retention", "workers", "webhooks"} == {
        check for check, (level, _) in found.items() if level == "warning"
    }
    assert "lapinq webhooks rotate-secret" in found["webhooks"][1]
    assert [0, 1] == [lapinq("doctor").code, lapinq("doctor", "--strict").code]


def test_secrets_that_are_none_are_told_and_never_shown(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("LAPINQ_API_KEY", "hunter2"),
        ("LAPINQ_SESSION_SECRET", "hunter2"),
        ("LAPINQ_WEBHOOK_SECRET", "whsec_" + "AAAA" * 10),
    ):
        monkeypatch.setenv(name, value)
    found = doctor()
    assert {"warning"} == {found[check][0] for check in ("api key", "secret", "webhooks")}
    assert "hunter2" not in str(found)
    assert "AAAA" not in str(found)

    monkeypatch.setenv("LAPINQ_API_KEY", KEY)
    monkeypatch.setenv("LAPINQ_SESSION_SECRET", KEY)
    monkeypatch.setenv("LAPINQ_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("LAPINQ_RETENTION", "completed=7,failed=0.5")
    found = doctor()
    assert "finished tasks are kept: completed 7 d, failed 0.5 d" == found["retention"][1]
    assert {"ok"} == {found[check][0] for check in ("api key", "secret", "webhooks", "retention")}


def test_secrets_in_the_database_should_be_encrypted(
    lapinq: Run, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(key: str) -> tuple[str, str]:
        monkeypatch.setenv("LAPINQ_ENCRYPTION_KEY", key)
        return doctor()["encryption"]

    lapinq("webhooks", "rotate-secret")
    assert ("warning", True) == ((plain := told(""))[0], "LAPINQ_ENCRYPTION_KEY is not set" in plain[1])
    assert ("warning", True) == ((late := told("A" * 43 + "="))[0], "lapinq webhooks encrypt-secrets" in late[1])
    assert "1 secret encrypted.\n" == lapinq("webhooks", "encrypt-secrets").out
    assert ("ok", "1 secret of webhooks in the database, none of them plain") == told("A" * 43 + "=")
    assert ("failed", True) == ((lost := told("B" * 42 + "A="))[0], "webhooks wait" in lost[1])


def test_tasks_that_wait_for_nobody_are_told_with_their_queue(lapinq: Run, doctor: Doctor) -> None:
    for queue in ("video", "video", "mail"):
        lapinq("task", "enqueue", "mytasks:add", "-q", queue)
    lapinq("queues", "pause", "mail")
    lapinq("schedules", "add", "mytasks:add", "--cron", "@daily")

    found = doctor()

    assert ("warning", "1 task in mail with no worker; 2 tasks in video with no worker; mail is paused") == found[
        "queues"
    ]
    assert ("warning", "0 of 1 are late, 1 are not followed; run: lapinq scheduler") == found["schedules"]


def test_clocks_that_differ_and_notifications_that_do_not_come_are_warnings(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SKEW", 0.0)
    monkeypatch.setattr(health, "HEARD", 0.0)  # as behind a pooler, where one could wait for ever

    found = doctor()

    assert {"warning"} == {found[check][0] for check in ("clock", "listen")}
    assert "connect without a pooler" in found["listen"][1]


def test_the_first_password_is_told_of(lapinq: Run, doctor: Doctor) -> None:
    lapinq("users", "add", "lapinq", "--role", "admin", "--must-change-password", "--password-stdin", stdin="lapinq")

    assert "warning" == doctor()["users"][0]
    lapinq("users", "passwd", "lapinq", "--password-stdin", stdin="a better one")
    assert "ok" == doctor()["users"][0]


def test_a_look_makes_no_tables(lapinq: Run, doctor: Doctor, empty_database: str) -> None:
    found = doctor("--database-url", empty_database)

    assert "warning" == found["schema"][0]
    assert "lapinq db migrate" in found["schema"][1]
    assert "no tables yet" in lapinq("db", "status", "--database-url", empty_database).out


def test_what_cannot_be_reached_or_read_fails(lapinq: Run, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    away = lapinq("doctor", "--database-url", "postgresql://me:hunter2@127.0.0.1:1/x")
    assert (1, True, False) == (away.code, "\tfailed\t" in away.out, "hunter2" in away.out + away.err)
    assert 1 == lapinq("doctor", "--import", "?").code
    monkeypatch.setenv("LAPINQ_POOL_SIZE", "many")
    assert "failed" == doctor()["settings"][0]
