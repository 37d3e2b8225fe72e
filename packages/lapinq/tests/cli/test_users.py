"""Users from the shell: whoever has the machine makes them, and no password is ever an argument."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .conftest import Run, Show

SECRET = "correct horse"


@pytest.fixture
def ada(lapinq: Run) -> str:
    """The first user, an admin."""
    ran = lapinq("users", "add", "ada", "--role", "admin", "--password-stdin", stdin=f"{SECRET}\n")
    assert (0, "User ada (admin) created.\n", "") == ran
    return "ada"


def add(lapinq: Run, name: str) -> None:
    assert 0 == lapinq("users", "add", name, "--password-stdin", stdin=f"{SECRET}\n").code


def user(lapinq: Run, name: str) -> Mapping[str, Any]:
    (found,) = [each for each in json.loads(lapinq("users", "list", "-j").out) if each["username"] == name]
    return dict(found)


def test_the_first_user_is_an_admin_and_no_default_password_remains(lapinq: Run, terminal: Show) -> None:
    assert "The first one is an admin: lapinq users add" in terminal("users", "list")
    refused = lapinq("users", "add", "bob", "--password-stdin", stdin=SECRET)
    assert (1, True) == (refused.code, refused.err.startswith("Error: the first user must be an admin\nHint: "))

    assert 0 == lapinq("users", "add", "ada", "--role", "admin", "--password-stdin", stdin=SECRET).code
    assert ["ada"] == [each["username"] for each in json.loads(lapinq("users", "list", "-j").out)]


def test_a_password_comes_from_a_terminal_the_environment_or_stdin(
    lapinq: Run, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = lapinq("users", "add", "bob")
    assert (2, True) == (nobody.code, "--password-stdin, or set LAPINQ_NEW_PASSWORD" in nobody.err)
    monkeypatch.setenv("LAPINQ_NEW_PASSWORD", "another one")
    assert (0, "User bob (user) created.\n") == lapinq("users", "add", "bob")[:2]
    assert (0, "User ada has a new password; their sessions have ended.\n") == lapinq("users", "passwd", ada)[:2]
    monkeypatch.setenv("LAPINQ_NEW_PASSWORD", "x")
    short = lapinq("users", "passwd", ada)
    assert (2, True) == (short.code, "4 characters" in short.err), short


def test_a_password_that_is_typed_is_typed_twice(lapinq: Run, terminal: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed, told in (
        (["correct horse", "correct house"], "Error: the two passwords differ"),
        ([], "Error: no password was typed"),
        (["correct horse"] * 2, "User ada (admin) created."),
    ):
        answers = iter(typed)

        def ask(prompt: str, answers: Iterator[str] = answers) -> str:
            try:
                return next(answers)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("getpass.getpass", ask)  # which asks the terminal of the process, whatever stdin is
        shown = terminal("users", "add", "ada", "--role", "admin")
        assert told in shown
        assert "horse" not in shown


def test_the_last_admin_stays(lapinq: Run, ada: str) -> None:
    add(lapinq, "bob")
    for words in (("disable", ada), ("remove", ada, "--yes"), ("role", ada, "user")):
        ran = lapinq("users", *words)
        assert (1, True) == (ran.code, "last enabled admin" in ran.err), ran
    assert "User bob is admin now.\n" == lapinq("users", "role", "bob", "admin").out
    assert "User ada is disabled; their sessions and keys are good no more.\n" == lapinq("users", "disable", ada).out
    refused = lapinq("users", "passwd", ada, "--password-stdin", stdin=SECRET)
    assert (1, "Error: user ada is disabled\nHint: lapinq users enable ada\n") == (refused.code, refused.err)
    assert "User ada is enabled.\n" == lapinq("users", "enable", ada).out
    assert (2, "removed") == (
        lapinq("users", "remove", "bob").code,
        lapinq("users", "remove", "bob", "--yes").out[9:-2],
    )


def test_rights_are_granted_and_taken_back_queue_by_queue(lapinq: Run, ada: str) -> None:
    add(lapinq, "bob")

    assert (
        "User bob (user) may cancel in video; cancel, delete in mail.\n"
        == lapinq("users", "grant", "bob", "video=cancel", "mail=delete,cancel").out
    )
    assert 0 == lapinq("users", "grant", "bob", "video=delete").code
    expected = {"queues": {"video": ["cancel", "delete"], "mail": ["cancel", "delete"]}}
    assert expected == user(lapinq, "bob")["permissions"]
    assert "User bob (user) may cancel, delete in mail.\n" == lapinq("users", "revoke", "bob", "video").out
    assert "User bob (user) may nothing more.\n" == lapinq("users", "revoke", "bob", "mail").out
    for words, told in (
        (("grant", "bob", "video"), "expected QUEUE=VERB,VERB"),
        (("grant", "bob", "video=fly"), "a list of cancel, delete"),
        (("grant", "bob", "v*=cancel"), "must not have * or ?"),
    ):
        ran = lapinq("users", *words)
        assert (2, True) == (ran.code, told in ran.err), ran


def test_a_name_that_is_taken_or_nobodys_is_said(lapinq: Run, ada: str) -> None:
    taken = lapinq("users", "add", "ADA", "--password-stdin", stdin=SECRET)
    assert (1, True) == (taken.code, "choose another name" in taken.err)
    for words in (("role", "eve", "admin"), ("grant", "eve", "a=cancel"), ("remove", "eve"), ("enable", "eve")):
        ran = lapinq("users", *words)
        assert (1, True) == (ran.code, ran.err.startswith('Error: there is no user "eve"\n')), ran


def test_a_list_is_a_table_or_lines_with_tabs(lapinq: Run, ada: str, terminal: Show) -> None:
    header, line = lapinq("users", "list").out.splitlines()
    assert ["username", "role", "enabled", "last_login_at", "permissions"] == header.split("\t")
    assert ["ada", "admin", "true", "", "{}"] == line.split("\t")
    assert ["ada", "admin", "✓", "enabled", "nothing", "more"] == terminal("users", "list").splitlines()[1].split()
