"""Commands about webhooks."""

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

from lapinq.cli import words
from lapinq.cli.parsers.arguments import add_command, add_group, add_json, add_yes, offering
from lapinq.webhooks.entries import STATES

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands


def add_webhooks_parser(commands: "Commands") -> None:
    text = "What tasks tell when they end: deliveries, who does not take them, and what they are signed with."
    actions = add_group(commands, "webhooks", text, brief="what tasks tell when they end")
    text = "The newest deliveries first; they are kept for seven days."
    parser = add_command(actions, "list", "webhooks:list_deliveries", text, brief="the newest deliveries")
    parser.add_argument("-s", "--status", choices=STATES, help="with this status")
    _add_filters(parser)
    parser.add_argument("-l", "--limit", type=int, default=20, help="so many; at most 1,000 (%(default)s)")
    add_json(parser)
    text = "All about a delivery: what was told, and what was answered each time."
    parser = add_command(actions, "show", "webhooks:show", text, brief="one delivery")
    offering("deliveries", parser.add_argument("delivery", help=_ID))
    add_json(parser)
    _add_replay_parser(actions)
    text = "Where deliveries of late went, those that fail first."
    add_json(add_command(actions, "endpoints", "webhooks:list_endpoints", text))
    text = "Believe in an endpoint again that did not answer: what waits for it goes out within a minute."
    parser = add_command(actions, "close", "webhooks:close", text, brief="believe in an endpoint again")
    offering("endpoints", parser.add_argument("url", metavar="URL", help="as endpoints shows it"))
    add_json(parser)
    _add_secret_parsers(actions)


def _add_replay_parser(actions: "Commands") -> None:
    text = "Deliver again, with the id and the body that it had; or all that was given up and meets conditions."
    parser = add_command(actions, "replay", "webhooks:replay", text, brief="deliver again")
    offering("deliveries", parser.add_argument("delivery", nargs="?", help=_ID))
    _add_filters(parser)
    parser.add_argument("--all", action="store_true", help="every delivery that was given up")
    parser.add_argument("--dry-run", action="store_true", help="say how many these are, and change nothing")
    add_yes(parser)
    add_json(parser)


def _add_secret_parsers(actions: "Commands") -> None:
    text = "What webhooks are signed with, the newest first; never the secrets themselves."
    add_json(add_command(actions, "secrets", "signing:list_secrets", text))
    text = "Make a secret, and print it; those that were made before sign for a while more."
    parser = add_command(actions, "rotate-secret", "signing:rotate", text, brief="make a secret")
    text = "how long those of before go on (1d)"
    parser.add_argument("--grace", type=words.span, default=timedelta(days=1), metavar="1d", help=text)
    add_json(parser)
    text = (
        "Encrypt the secrets of the database with the first key of LAPINQ_ENCRYPTION_KEY, when every process has it: "
        "those that lie there as they are, and those that another of the keys has encrypted."
    )
    add_json(add_command(actions, "encrypt-secrets", "signing:encrypt", text, brief="encrypt the secrets"))
    text = "Let a secret sign no more, at once."
    parser = add_command(actions, "end-secret", "signing:end", text)
    parser.add_argument("secret", help="its fingerprint or its id, or 6 or more hex digits that only it has")
    add_yes(parser)
    add_json(parser)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    offering("queues", parser.add_argument("-q", "--queue", help="about tasks of this queue"))
    parser.add_argument("--endpoint", metavar="URL", help="to this endpoint")
    offering("tasks", parser.add_argument("--task", metavar="ID", help="about this task"))


_ID = "its id, or 6 or more hex digits that only its id has"
