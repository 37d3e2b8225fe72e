"""Options that several commands have."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from lapinq.cli import words
from lapinq.settings import LOG_LEVELS
from lapinq.vocabulary import STATUSES

if TYPE_CHECKING:
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(commands: "Commands", name: str, run: str, text: str, *, brief: str = "") -> argparse.ArgumentParser:
    """A command that talks to the database.

    Args:
        run: its module and function.
        text: what it does, in full; ``brief`` says it in the list of commands, if that is something else.
    """
    parser = commands.add_parser(name, help=brief or f"{text[:1].lower()}{text[1:].rstrip('.')}", description=text)
    add_database(parser)
    parser.set_defaults(run=run)
    return parser


def add_group(commands: "Commands", name: str, text: str, *, brief: str) -> "Commands":
    """A command that only has others below it."""
    parser = commands.add_parser(name, help=brief, description=text)
    return parser.add_subparsers(dest=f"{name}_command", required=True, metavar="ACTION")


def add_action(actions: "Commands", name: str, run: str, text: str, *, brief: str = "") -> argparse.ArgumentParser:
    """A command below one that has the option for the database itself, and whose value stands where none is said."""
    parser = actions.add_parser(name, help=brief or f"{text[:1].lower()}{text[1:].rstrip('.')}", description=text)
    add_database(parser, default=argparse.SUPPRESS)
    parser.set_defaults(run=run)
    return parser


def add_database(parser: argparse.ArgumentParser, **more: Any) -> None:
    text = 'where the tasks are; "embedded" is a PostgreSQL below .taskcore/ [env: LAPINQ_DATABASE_URL, DATABASE_URL]'
    parser.add_argument("--database-url", metavar="URL", help=text, **more)


def add_imports(parser: argparse.ArgumentParser) -> None:
    text = "folder or package of which functions may be run; say it again for more [env: LAPINQ_IMPORT; default: .]"
    parser.add_argument("--import", dest="imports", action="append", default=[], metavar="ROOT", help=text)


def add_json(parser: argparse.ArgumentParser, **more: Any) -> None:
    parser.add_argument("-j", "--json", action="store_true", help="print JSON; errors too", **more)


def add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def add_log_level(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("LAPINQ_LOG_LEVEL", "").strip().lower() or "info"
    text = "[env: LAPINQ_LOG_LEVEL; default: info]"
    parser.add_argument("--log-level", choices=LOG_LEVELS, default=default, help=text)


T = TypeVar("T")


class Offer:
    """What Tab offers for an argument: what the database has of a kind."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
        from lapinq.cli.completing import found

        return [name for name in found(self._kind, parsed_args) if name.startswith(prefix)]


def offering(kind: str, action: argparse.Action) -> None:
    """Let Tab offer what the database has of a kind: queues, tasks, schedules, users, keys."""
    action.completer = Offer(kind)  # type: ignore[attr-defined]  # the protocol of argcomplete


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Which tasks a command is about, where it may be about many."""
    offering("queues", parser.add_argument("-q", "--queue", help="of this queue"))
    parser.add_argument("-s", "--status", choices=STATUSES, help="with this status")
    parser.add_argument("--name", metavar="TEXT", help="with this in the name of their function")
    parser.add_argument("--args", metavar="TEXT", help="with this in their arguments")
    parser.add_argument("--error", metavar="TEXT", help="with this in their error")
    parser.add_argument("--since", type=words.past, metavar="2h|ISO", help="created in this time, or from then on")
    parser.add_argument("--older", type=words.past, metavar="1d|ISO", help="created longer ago, or before then")


def add_order(parser: argparse.ArgumentParser) -> None:
    """What a task is, wherever one is made."""
    parser.add_argument("function", metavar="MODULE:FUNCTION")
    add_terms(parser)


def add_terms(parser: argparse.ArgumentParser, *, is_change: bool = False) -> None:
    """What a task is beside its function. ``is_change`` is for something that is there already: what is not named
    stays, and "none" takes away what need not be."""
    add = partial(add_term, parser, is_change)
    maybe = words.maybe if is_change else _as_it_is
    offering("queues", add("-q", "--queue", default="default", help="of this queue (%(default)s)"))
    add("--args", default="[]", metavar="JSON", help="an array")
    add("--kwargs", default="{}", metavar="JSON", help="an object")
    add("--priority", type=int, default=0, help="higher ones are run first (%(default)s)")
    add("--max-retries", type=int, default=3, help="executions in all (%(default)s)")
    text = "between two executions (default: 10 s, then 30 s, 1, 5 and 10 min)"
    add("--retry-delay", type=maybe(words.span), metavar="30s", help=text)
    add("--ttl", type=maybe(words.span), metavar="1h", help="of no use after so long (default: never)")
    add("--webhook-url", type=maybe(str), metavar="URL", help="is told how it ends")
    add("--metadata", default="{}", metavar="JSON", help="an object, kept with the task")


def add_term(parser: argparse.ArgumentParser, is_change: bool, *names: str, **more: Any) -> argparse.Action:
    """An option; with ``is_change`` one that is only there when it was said, and whose default is not told of."""
    if is_change:
        more |= {"default": argparse.SUPPRESS, "help": more["help"].partition(" (")[0]}
    return parser.add_argument(*names, **more)


def _as_it_is(convert: Callable[[str], T]) -> Callable[[str], T]:
    return convert
