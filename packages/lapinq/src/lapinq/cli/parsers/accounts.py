"""Commands about users and keys."""

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

from lapinq.cli import words
from lapinq.cli.asking import PASSWORD
from lapinq.cli.parsers.arguments import add_command, add_group, add_json, add_yes, offering
from lapinq.roles import GRANTED, KEY_GRANTED, USER, USER_ROLES

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands


def add_users_parser(commands: "Commands") -> None:
    text = "Who may log in. Admins may do everything, users read; grants let them do more to single queues."
    actions = add_group(commands, "users", text, brief="manage who may log in")
    add_json(add_command(actions, "list", "users:list_users", "List the users, by name."))
    parser = _one(actions, "add", "Make a user. The first one must be an admin.", brief="make a user")
    parser.add_argument("--role", choices=sorted(USER_ROLES), default=USER, help="what they are (%(default)s)")
    parser.add_argument("--must-change-password", action="store_true", help="with the first login")
    _add_password(parser)
    _add_password(_one(actions, "passwd", "Give a user a new password; their sessions end."))
    parser = _one(actions, "role", "Make a user an admin, or an admin a user.")
    parser.add_argument("role", choices=sorted(USER_ROLES))
    for verb, text in (
        ("disable", "Shut a user out at once: logins, sessions, keys."),
        ("enable", "Let a user in again, who was disabled."),
    ):
        _one(actions, verb, text)
    add_yes(_one(actions, "remove", "Remove a user, with their sessions and keys."))
    parser = _one(actions, "grant", "Let a user do more to queues.")
    text = f"as in video=cancel,delete; what can be granted is {', '.join(GRANTED)}"
    parser.add_argument("grants", nargs="+", type=words.grant, metavar="QUEUE=VERB,VERB", help=text)
    parser = _one(actions, "revoke", "Take back what a user was granted on queues.")
    parser.add_argument("queues", nargs="+", metavar="QUEUE")


def add_keys_parser(commands: "Commands") -> None:
    text = "API keys for programs. A key is shown once; what is kept of it is a digest."
    actions = add_group(commands, "keys", text, brief="manage API keys of programs")
    parser = add_command(actions, "list", "keys:list_keys", "List the keys, the newest first.")
    parser.add_argument("--owner", metavar="USER", help="only those of this user")
    add_json(parser)
    _add_key_add_parser(actions)
    parser = _one_key(actions, "rotate", "Make a key with the same rights; the old one is good for a while more.")
    text = "how long the old one is good (1d)"
    parser.add_argument("--grace", type=words.span, default=timedelta(days=1), metavar="1d", help=text)
    add_yes(_one_key(actions, "revoke", "End a key at once."))


def _add_key_add_parser(actions: "Commands") -> None:
    text = "Make a key, and print it. It needs a role, or grants on queues."
    parser = add_command(actions, "add", "keys:add", text, brief="make a key")
    parser.add_argument("name", help="what it is for")
    text = "user reads everything, admin may do everything (default: what is granted, and nothing else)"
    parser.add_argument("--role", choices=sorted(USER_ROLES), help=text)
    text = f'as in video=enqueue,view, or "*=view" for every queue; say it again for more: {", ".join(KEY_GRANTED)}'
    parser.add_argument(
        "--grant", dest="grants", action="append", default=[], type=words.grant, metavar="QUEUE=VERB,VERB", help=text
    )
    parser.add_argument("--expires", type=words.span, metavar="90d", help="how long it is good (default: for ever)")
    text = "whose key it is: it may never do more than they may, and ends with their account"
    parser.add_argument("--owner", metavar="USER", help=text)
    add_json(parser)


def _one(actions: "Commands", verb: str, text: str, *, brief: str = "") -> argparse.ArgumentParser:
    parser = add_command(actions, verb, f"users:{verb}", text, brief=brief)
    offering("users", parser.add_argument("name"))
    add_json(parser)
    return parser


def _one_key(actions: "Commands", verb: str, text: str) -> argparse.ArgumentParser:
    parser = add_command(actions, verb, f"keys:{verb}", text)
    offering("keys", parser.add_argument("key", help="its id, or 6 or more characters of its prefix"))
    add_json(parser)
    return parser


def _add_password(parser: argparse.ArgumentParser) -> None:
    text = f"read the password from the first line of stdin (default: it is asked for) [env: {PASSWORD}]"
    parser.add_argument("--password-stdin", action="store_true", help=text)
