"""The command line: ``taskmq COMMAND``.

stdout is data, stderr is messages. ``get_backend`` and ``worker.Worker`` are looked up here when a command runs, so
what replaces them is used.
"""

import io
import os
import sys

from taskmq import worker
from taskmq.cli.adding import add_job
from taskmq.cli.completing import completion
from taskmq.cli.config import config
from taskmq.cli.dead import list_dead, replay, replay_dead
from taskmq.cli.doctor import doctor
from taskmq.cli.handlers import handlers, register_dummy_handler
from taskmq.cli.jobs import jobs
from taskmq.cli.migrating import migrate
from taskmq.cli.program import cli
from taskmq.cli.queues import queues
from taskmq.cli.reading import get_job, inspect, logs
from taskmq.cli.schedules import schedules
from taskmq.cli.serving import serve_api
from taskmq.cli.stats import stats
from taskmq.cli.status import status
from taskmq.cli.tail import tail
from taskmq.cli.tokens import secrets, token
from taskmq.cli.top import top
from taskmq.cli.users import users
from taskmq.cli.workers import workers
from taskmq.cli.working import run_worker
from taskmq.storage import get_backend

__all__ = [
    "add_job",
    "cli",
    "doctor",
    "get_backend",
    "get_job",
    "inspect",
    "list_dead",
    "logs",
    "main",
    "migrate",
    "register_dummy_handler",
    "replay",
    "replay_dead",
    "run_worker",
    "secrets",
    "serve_api",
    "token",
    "users",
    "worker",
]

for _command in (
    add_job,
    completion,
    config,
    doctor,
    get_job,
    handlers,
    inspect,
    jobs,
    list_dead,
    logs,
    migrate,
    queues,
    register_dummy_handler,
    replay,
    replay_dead,
    run_worker,
    schedules,
    secrets,
    serve_api,
    stats,
    status,
    tail,
    token,
    top,
    users,
    workers,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command that ``sys.argv`` names, and exit with its code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a narrow encoding must not end a command
    try:
        cli(prog_name="taskmq")
    finally:
        _let_go_of_stdout()


def _let_go_of_stdout() -> None:
    """Print what is left; where nobody reads it any more, keep the interpreter from failing of that as it exits."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
