"""A command loads what it needs: half of the time of a short one goes into imports."""

import subprocess
import sys

import pytest

from .conftest import Run

HEAVY = {"alembic", "argon2", "cron_descriptor", "jinja2", "prometheus_client", "sqlalchemy", "starlette", "uvicorn"}
PROGRAM = """
import sys
from lapinq.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(int(end.code), *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize("line", ["task list", "schedules list", "db status"])
def test_a_command_leaves_alone_what_it_does_not_need(lapinq: Run, line: str) -> None:
    command = [sys.executable, "-c", PROGRAM, *line.split()]

    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    code, *loaded = ended.stderr.splitlines()[-1].split()
    assert "0" == code
    assert set() == HEAVY & set(loaded)
