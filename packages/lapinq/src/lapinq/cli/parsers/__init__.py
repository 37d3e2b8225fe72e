"""What the command line understands. Each command names the function that carries it out, which is loaded only then."""

import argparse

from lapinq.cli.parsers.accounts import add_keys_parser, add_users_parser
from lapinq.cli.parsers.database import add_completion_parser, add_db_parser, add_doctor_parser, add_queues_parser
from lapinq.cli.parsers.processes import (
    add_execute_parser,
    add_scheduler_parser,
    add_server_parser,
    add_worker_parser,
)
from lapinq.cli.parsers.schedules import add_schedules_parser
from lapinq.cli.parsers.tasks import add_task_parsers
from lapinq.cli.parsers.webhooks import add_webhooks_parser

EXIT_CODES = """exit codes: 0 done, 1 refused or not found, 2 bad usage or input, 3 database unreachable,
5 --wait timed out, 130 interrupted"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="lapinq", description="A task queue on PostgreSQL.", epilog=EXIT_CODES)
    parser.add_argument("--version", action="store_true", help="print the versions")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in (
        add_server_parser,
        add_worker_parser,
        add_scheduler_parser,
        add_execute_parser,
        add_task_parsers,
        add_queues_parser,
        add_schedules_parser,
        add_webhooks_parser,
        add_users_parser,
        add_keys_parser,
        add_db_parser,
        add_doctor_parser,
        add_completion_parser,
    ):
        add(commands)
    return parser
