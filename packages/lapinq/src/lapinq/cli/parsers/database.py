"""Commands about queues and the database as a whole."""

import argparse
from typing import TYPE_CHECKING

from lapinq.cli import words
from lapinq.cli.parsers.arguments import add_action, add_command, add_group, add_imports, add_json, add_yes, offering
from lapinq.vocabulary import ENDED

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands


def add_queues_parser(commands: "Commands") -> None:
    text = "How many tasks of each queue have which status, and whether it is paused."
    parser = add_command(commands, "queues", "queues:queues", text, brief="list queues, and hold them back")
    add_json(parser)
    actions = parser.add_subparsers(dest="queues_command", metavar="ACTION")
    add_json(add_action(actions, "list", "queues:queues", text, brief="the queues"), default=argparse.SUPPRESS)
    pause = "Hand out no more of its tasks, to any worker; what runs goes on."
    for verb, text in (("pause", pause), ("resume", "Hand out its tasks again.")):
        offering("queues", add_action(actions, verb, f"queues:{verb}", text).add_argument("queue"))
    text = "Let so many tasks of a queue run at the same time, on all workers together."
    parser = add_action(actions, "limit", "queues:limit", text, brief="how many of its tasks run at once")
    offering("queues", parser.add_argument("queue"))
    parser.add_argument("concurrency", type=words.at_once, metavar="N|none", help="none lifts the limit")


def add_doctor_parser(commands: "Commands") -> None:
    text = "Check settings, database, clocks, workers, queues and secrets; exits 1 if a check failed."
    parser = add_command(commands, "doctor", "doctor:doctor", text, brief="check that all is well")
    parser.add_argument("--strict", action="store_true", help="take warnings for failures")
    add_imports(parser)
    add_json(parser)


def add_db_parser(commands: "Commands") -> None:
    text = "The tables: whether they are those of this release, whether all is well with them, what can go."
    actions = add_group(commands, "db", text, brief="look after the database")
    text = "What is there: schema, what the public release left, sizes. Nothing is changed."
    add_json(add_command(actions, "status", "database:status", text, brief="what is there"))
    text = "Make the tables, migrate them, or take over those of lapinq 1.x. Any other command would, too."
    parser = add_command(actions, "migrate", "database:migrate", text, brief="bring the tables to this release")
    parser.add_argument("--dry-run", action="store_true", help="say what there is to do, and change nothing")
    add_json(parser)
    text = "Look for what should not be: broken indexes, tasks that nobody holds, schedules that cannot be followed."
    parser = add_command(actions, "check", "database:check", text, brief="look for what should not be")
    parser.add_argument("--strict", action="store_true", help="take warnings for failures")
    add_json(parser)
    _add_cleanup_parser(actions)


def _add_cleanup_parser(actions: "Commands") -> None:
    text = "Remove what is past its time: tasks by TTL and retention, old sessions and keys. Workers do it, too."
    parser = add_command(actions, "cleanup", "cleaning:cleanup", text, brief="remove what is past its time")
    text = "tasks that finished longer ago (default: by status, as LAPINQ_RETENTION says)"
    parser.add_argument("--older-than", type=words.span, metavar="30d", help=text)
    text = "only those with this status; say it again for more"
    parser.add_argument("-s", "--status", action="append", choices=ENDED, help=text)
    parser.add_argument("--audit", type=words.span, metavar="365d", help="also entries of the audit log that are older")
    text = "also the tables that lapinq 1.x left; there is no way back to it then"
    parser.add_argument("--backups", action="store_true", help=text)
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    add_yes(parser)
    add_json(parser)


def add_completion_parser(commands: "Commands") -> None:
    text = """Print a script that lets Tab complete commands, options, queues, ids and names.
bash and zsh: eval "$(lapinq completion bash)" in ~/.bashrc or ~/.zshrc. fish: lapinq completion fish | source."""
    parser = commands.add_parser("completion", help="let Tab complete commands", description=text)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))
    parser.set_defaults(run="completing:completion")
