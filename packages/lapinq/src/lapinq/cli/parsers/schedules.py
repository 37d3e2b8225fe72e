"""Commands about schedules."""

import argparse
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, get_args

from taskcore.schedule import Overlap
from taskcore.schedule.cron import Fold, Gap
from taskcore.schedule.misfire import MisfirePolicy

from lapinq.cli import words
from lapinq.cli.parsers.arguments import (
    add_command,
    add_group,
    add_imports,
    add_json,
    add_order,
    add_term,
    add_terms,
    add_yes,
    offering,
)

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands

MOST_RUNS = 1_000


def add_schedules_parser(commands: "Commands") -> None:
    text = (
        "Tasks that are put again and again: the rows of lapinq_scheduled_tasks. A process that schedules follows them."
    )
    actions = add_group(commands, "schedules", text, brief="put tasks again and again")
    add_json(add_command(actions, "list", "schedules:list_schedules", "List the schedules, the oldest first."))
    _add_schedule_add_parser(actions)
    _add_schedule_change_parser(actions)
    _add_count(_one(actions, "show", "All about a schedule: what it puts, when next, and what became of its instants."))
    text = "The next instants of a schedule, or of all that are active, in their zones."
    parser = add_command(actions, "next", "schedules:show_next", text, brief="the next instants")
    offering("schedules", parser.add_argument("schedule", nargs="?", help=_ID))
    _add_count(parser)
    add_json(parser)
    _one(actions, "pause", "Hold a schedule; instants that come by meanwhile are not caught up.")
    _one(actions, "resume", "Let a schedule go on, from its next instant.")
    add_imports(_one(actions, "run", "Put its task once more, at once."))
    add_yes(_one(actions, "remove", "Remove a schedule; the tasks that it has put stay."))


def _add_schedule_add_parser(actions: "Commands") -> None:
    parser = add_command(actions, "add", "schedules:add", "Add a schedule, and print its id.", brief="add a schedule")
    add_order(parser)
    _add_timing(parser)
    parser.add_argument("--paused", action="store_true", help="hold it until it is resumed")
    add_imports(parser)
    add_json(parser)


def _add_schedule_change_parser(actions: "Commands") -> None:
    text = (
        'Change what the options name, and leave the rest; "none" takes away a --ttl, --retry-delay or --webhook-url. '
        "It goes on from its next instant."
    )
    parser = _one(actions, "change", text, brief="change a schedule")
    parser.add_argument("--function", metavar="MODULE:FUNCTION", default=argparse.SUPPRESS, help="what is run")
    add_terms(parser, is_change=True)
    _add_timing(parser, is_change=True)
    add_imports(parser)


def _add_timing(parser: argparse.ArgumentParser, *, is_change: bool = False) -> None:
    """When a schedule is due; ``is_change`` as of ``add_terms``."""
    add = partial(add_term, parser, is_change)
    text = "five fields such as '0 3 * * *', or a macro such as @daily"
    add("--cron", required=not is_change, metavar="EXPR", help=text)
    add("--zone", default="UTC", metavar="ZONE", help="IANA time zone of --cron (%(default)s)")
    text = "when the clocks go forward over its time (%(default)s)"
    add("--gap", choices=get_args(Gap), default="run_after", help=text)
    text = "when the clocks go back over its time (%(default)s)"
    add("--fold", choices=get_args(Fold), default="first", help=text)
    text = "what becomes of instants that nobody was there to see (%(default)s)"
    add("--misfire", choices=get_args(MisfirePolicy), default="coalesce", help=text)
    text = "how late an instant may be without being missed (1m)"
    add("--grace", type=words.span, default=timedelta(minutes=1), metavar="1m", help=text)
    text = "what to do while the task before is not over (%(default)s)"
    add("--overlap", choices=[each.value for each in Overlap], default="allow", help=text)


def _one(actions: "Commands", verb: str, text: str, *, brief: str = "") -> argparse.ArgumentParser:
    parser = add_command(actions, verb, f"schedules:{verb}", text, brief=brief)
    offering("schedules", parser.add_argument("schedule", help=_ID))
    add_json(parser)
    return parser


def _add_count(parser: argparse.ArgumentParser) -> None:
    text = "so many instants (%(default)s)"
    parser.add_argument("--count", type=words.whole(1, MOST_RUNS), default=5, metavar="N", help=text)


_ID = "its id, or 6 or more hex digits that only its id has"
