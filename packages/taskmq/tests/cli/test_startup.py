"""A command loads what it needs: half of the time of a short one goes into imports."""

import subprocess
import sys

import pytest

HEAVY = {
    *("alembic", "argon2", "email_validator", "fastapi", "jinja2", "jwt", "limits", "prometheus_client", "pydantic"),
    *("redis", "rich", "sqlalchemy", "starlette", "uvicorn", "watchfiles"),
}
PROGRAM = """
import sys
from taskmq.cli import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as end:
    print(end.code, *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "line", ["--help", "jobs list", "add-job --handler email", "run-worker --until-idle", "status"]
)
def test_a_command_leaves_alone_what_it_does_not_need(line: str) -> None:
    command = [sys.executable, "-c", PROGRAM, *line.split()]

    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    code, *loaded = ended.stderr.splitlines()[-1].split()
    assert "0" == code
    assert set() == HEAVY & set(loaded)
