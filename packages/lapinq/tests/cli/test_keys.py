"""Keys from the shell: made once, shown once, found by what may be shown of them."""

import json
from typing import Any

import pytest

from .conftest import Run, Show


@pytest.fixture
def key(lapinq: Run) -> str:
    """For one queue, 90 days."""
    ran = lapinq("keys", "add", "ci", "--grant", "video=enqueue", "--grant", "video=view", "--expires", "90d")
    assert 0 == ran.code, ran.err
    assert ran.err.startswith("Key ci (view, enqueue in video; expires on ")
    assert "one time" in ran.err
    return ran.out.strip()


def keys(lapinq: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lapinq("keys", "list", "-j").out)
    return found


def test_a_key_is_alone_on_stdout_and_never_shown_again(lapinq: Run, key: str, terminal: Show) -> None:
    (found,) = keys(lapinq)
    assert key.startswith(f"{found['prefix']}_")
    assert ("ci", "active", "", {"queues": {"video": ["view", "enqueue"]}}) == (
        found["name"], found["state"], found["role"], found["permissions"],
    )  # fmt: skip
    shown = terminal("keys", "list")
    expected = [
        found["prefix"],
        "ci",
        "✓",
        "active",
        found["expires_at"][:10],
        "never",
        "view,",
        "enqueue",
        "in",
        "video",
    ]
    assert expected == shown.splitlines()[1].split()
    assert key not in shown + lapinq("keys", "list").out


def test_a_key_is_rotated_and_revoked_by_a_part_of_its_prefix(lapinq: Run, key: str) -> None:
    part = key.split("_")[2]
    made = json.loads(lapinq("keys", "rotate", part, "--grace", "1h", "-j").out)
    old = next(each for each in keys(lapinq) if each["id"] != made["id"])

    assert ("ci", old["permissions"]) == (made["name"], made["permissions"])
    assert (2, True) == ((ran := lapinq("keys", "revoke", part)).code, "a yes is needed to revoke key" in ran.err)
    assert f"Key {old['prefix']} (ci) revoked.\n" == lapinq("keys", "revoke", old["id"], "--yes").out
    assert f"Key {made['prefix']} (ci) revoked.\n" == lapinq("keys", "revoke", made["key"], "--yes").out
    assert ["revoked"] * 2 == [each["state"] for each in keys(lapinq)]


def test_a_key_of_a_user_ends_with_them(lapinq: Run) -> None:
    lapinq("users", "add", "ada", "--role", "admin", "--password-stdin", stdin="correct horse")
    lapinq("users", "add", "bob", "--password-stdin", stdin="correct horse")
    assert 0 == lapinq("keys", "add", "his", "--role", "user", "--owner", "bob").code
    assert 0 == lapinq("keys", "add", "nobody's", "--role", "admin").code

    assert ["nobody's", "his"] == [each["name"] for each in keys(lapinq)]
    assert ["his"] == [each["name"] for each in json.loads(lapinq("keys", "list", "--owner", "bob", "-j").out)]
    lapinq("users", "remove", "bob", "--yes")
    assert ["active", "revoked"] == [each["state"] for each in keys(lapinq)]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add", "ci"], 2, "a key needs a role, or permissions"),
        (["add", "", "--role", "user"], 2, "a key needs a name"),
        (["add", "ci", "--role", "root"], 2, "invalid choice"),
        (["add", "ci", "--grant", "video"], 2, "expected QUEUE=VERB,VERB"),
        (["add", "ci", "--grant", "video=admin"], 2, "a list of view, enqueue"),
        (["add", "ci", "--role", "user", "--expires", "soon"], 2, "expected a span of time"),
        (["add", "ci", "--role", "user", "--expires", "0"], 2, "expires_in_days must be"),
        (["add", "ci", "--role", "user", "--owner", "eve"], 1, 'there is no user "eve"'),
        (["revoke", "nothing-like-it", "--yes"], 1, "there is no key"),
        (["rotate", "abc"], 1, "there is no key"),
    ],
)
def test_what_cannot_be_is_said(lapinq: Run, words: list[str], code: int, told: str) -> None:
    ran = lapinq("keys", *words)

    assert (code, "", True) == (ran.code, ran.out, told in ran.err), ran


def test_a_key_that_is_unknown_is_not_repeated_whole(lapinq: Run, key: str) -> None:
    ran = lapinq("keys", "revoke", "lapinq_live_00000000_" + key.split("_")[3], "--yes")

    assert (1, False) == (ran.code, key.split("_")[3] in ran.err)
