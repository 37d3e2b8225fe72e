"""Commands about queues and the database as a whole."""

import argparse
from typing import TYPE_CHECKING

from lapinq.cli.parsers.arguments import add_action, add_command, add_imports, add_json

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands


def add_queues_parser(commands: "Commands") -> None:
    text = "How many tasks of each queue have which status, and whether it is paused."
    parser = add_command(commands, "queues", "queues:queues", text, brief="list, pause and resume queues")
    add_json(parser)
    actions = parser.add_subparsers(dest="queues_command", metavar="ACTION")
    add_json(add_action(actions, "list", "queues:queues", text, brief="the queues"), default=argparse.SUPPRESS)
    pause = "Hand out no more of its tasks, to any worker; what runs goes on."
    for verb, text in (("pause", pause), ("resume", "Hand out its tasks again.")):
        add_action(actions, verb, f"queues:{verb}", text).add_argument("queue")


def add_doctor_parser(commands: "Commands") -> None:
    text = "Check settings, database, clocks, workers, queues and secrets; exits 1 if a check failed."
    parser = add_command(commands, "doctor", "doctor:doctor", text, brief="check that all is well")
    parser.add_argument("--strict", action="store_true", help="take warnings for failures")
    add_imports(parser)
    add_json(parser)
