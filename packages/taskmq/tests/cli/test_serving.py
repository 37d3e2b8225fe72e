"""serve-api, token, secrets and users from the shell."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt
import pytest
from click.testing import Result

from tests.ports import kept_port

Taskmq = Callable[..., Result]
SECRET = "a secret of these tests, which is long enough"
HINT = 'Hint: export TASKMQ_JWT_SECRET="$(taskmq secrets generate)"   or for a local trial: taskmq serve-api --dev\n'


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (None, "Error: TASKMQ_JWT_SECRET is not set (or is the old built-in default).\n"),
        ("", "Error: TASKMQ_JWT_SECRET is not set (or is the old built-in default).\n"),
        (
            "supersecretkey-change-in-production",
            "Error: TASKMQ_JWT_SECRET is not set (or is the old built-in default).\n",
        ),
        ("fifteen bytes!!", "Error: TASKMQ_JWT_SECRET must have at least 16 bytes, got 15.\n"),
    ],
)
@pytest.mark.parametrize("words", [("serve-api",), ("token", "create")])
def test_nothing_is_signed_with_a_weak_secret(
    taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch, secret: str | None, message: str, words: tuple[str, ...]
) -> None:
    if secret is not None:
        monkeypatch.setenv("TASKMQ_JWT_SECRET", secret)

    result = taskmq(*words)

    assert (2, "", message + HINT) == (result.exit_code, result.stdout, result.stderr)


def test_a_secret_is_new_each_time_and_good_enough(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (taskmq("secrets", "generate").stdout.strip() for _ in range(2))

    assert one != other
    monkeypatch.setenv("TASKMQ_JWT_SECRET", one)
    result = taskmq("token", "create")
    assert (0, "") == (result.exit_code, result.stderr)


def test_a_token_says_who_in_which_role_and_until_when(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", SECRET)

    result = taskmq("token", "create", "--subject", "ci", "--role", "admin", "--lifetime", "2h")

    claims = jwt.decode(result.stdout.strip(), SECRET, algorithms=["HS256"])
    assert ("ci", "admin", 7200) == (claims["sub"], claims["role"], claims["exp"] - claims["iat"])


@pytest.mark.parametrize(
    "words", [("--lifetime", "0"), ("--lifetime", "99999d"), ("--subject", ""), ("--role", "root")]
)
def test_a_token_that_nobody_should_have_is_refused(
    taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", SECRET)

    result = taskmq("token", "create", *words)

    assert (2, "") == (result.exit_code, result.stdout)


def test_users_are_made_and_listed(taskmq: Taskmq) -> None:
    made = taskmq("users", "add", "ada", "--role", "admin", "--password-stdin", stdin="correct horse battery\n")

    assert (0, "User ada (admin) created.\n") == (made.exit_code, made.stdout)
    assert "name\trole\tenabled\tlast_login\nada\tadmin\ttrue\t\n" == taskmq("users", "list").stdout


def test_a_name_that_somebody_has_is_refused(taskmq: Taskmq) -> None:
    taskmq("users", "add", "ada", "--password-stdin", stdin="correct horse battery\n")

    again = taskmq("users", "add", "Ada", "--password-stdin", stdin="correct horse battery\n")

    assert (1, "") == (again.exit_code, again.stdout)
    assert "there is a user named 'Ada' already" in again.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        (("--password-stdin",), "short\n", "8 characters"),
        (("--password-stdin",), "", "8 characters"),
        ((), "correct horse battery\n", "the password is typed on a terminal"),
        (("--role", "root"), "", "'root' is not one of"),
    ],
)
def test_a_user_without_a_good_password_or_role_is_refused(
    taskmq: Taskmq, words: tuple[str, ...], stdin: str, message: str
) -> None:
    result = taskmq("users", "add", "ada", *words, stdin=stdin)

    assert 2 == result.exit_code
    assert message in result.stderr


MODULE = """
import gc, pathlib, threading, time
from taskmq.jobs.handlers import register_handler
register_handler('limited', concurrency=2)(print)
def watch():
    while not gc.get_freeze_count():
        time.sleep(0.01)
    pathlib.Path("frozen").touch()
threading.Thread(target=watch, daemon=True).start()
"""


def test_dev_prints_a_token_that_is_ready_to_use_for_handlers_that_are_imported(
    process: Callable[..., subprocess.Popen[str]], folder: Path
) -> None:
    (folder / "limited.py").write_text(MODULE)
    with kept_port() as port:
        server = process("serve-api", "--dev", "--port", str(port), "--import", "limited")
        assert server.stdout is not None

        first, second = server.stdout.readline(), server.stdout.readline()

    assert f"Starting API server on http://127.0.0.1:{port} ...\n" == second
    headers = {"Authorization": f"Bearer {first.strip().rpartition(' ')[2]}"}
    assert 200 == _posted(port, headers)
    job = httpx.get(f"http://127.0.0.1:{port}/jobs/1", headers=headers).json()
    assert ("limited", 2) == (job["handler"], job["concurrency_limit"])
    while not (folder / "frozen").exists():  # what it has loaded is out of the way of its garbage collector
        assert server.poll() is None
        time.sleep(0.01)
    server.terminate()
    _, err = server.communicate(timeout=60)
    assert (0, True) == (server.returncode, '"POST /add-job HTTP/1.1" 200' in err)
    assert f"  dashboard: /dashboard/   documentation: /docs   db: {folder / 'taskmq.db'}\n" in err


def _posted(port: int, headers: dict[str, str], within: float = 90.0) -> int:
    deadline = time.monotonic() + within
    while True:
        try:
            body = {"payload": {}, "handler": "limited"}
            return httpx.post(f"http://127.0.0.1:{port}/add-job", json=body, headers=headers).status_code
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_store_that_cannot_be_reached_is_told_before_anything_is_served(
    taskmq: Taskmq, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", SECRET)

    assert 3 == taskmq("--db-path", str(folder / "missing" / "taskmq.db"), "serve-api").exit_code


def test_an_address_that_somebody_else_has_is_told(process: Callable[..., subprocess.Popen[str]]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        _, err = process("serve-api", "--dev", "--port", str(port)).communicate(timeout=60)

    assert f"Error: cannot listen at 127.0.0.1:{port}.\n" in err
    assert "Traceback" not in err
