"""What is asked of whoever sits there: a yes, a password. Where nobody does, options and variables answer."""

import argparse
import getpass
import os
import signal
import sys

from lapinq.cli.failures import bad_input
from lapinq.cli.output import message

PASSWORD = "LAPINQ_NEW_PASSWORD"  # noqa: S105 - the name of a variable


def agreed(args: argparse.Namespace, deed: str) -> bool:
    """Whether somebody says yes to ``deed``, as in "delete 3 tasks". ``args`` are those of a command with ``--yes``.

    Raises:
        Failure: nobody can be asked.
    """
    if args.yes:
        return True
    if not sys.stdin.isatty():
        look = "look first with --dry-run, then " if "dry_run" in args else ""
        raise bad_input(f"a yes is needed to {deed}", hint=f"{look}repeat it with --yes")
    sys.stderr.write(f"{deed[:1].upper()}{deed[1:]}? [y/N] ")
    sys.stderr.flush()
    if _typed().strip().lower() in ("y", "yes"):
        return True
    message("Nothing changed.")
    return False


def _typed() -> str:
    """A line, for which Ctrl-C does not wait: an event loop would take it for itself, and act with the next line."""
    loops = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return sys.stdin.readline()
    finally:
        signal.signal(signal.SIGINT, loops)


def new_password(args: argparse.Namespace) -> str:
    """From the first line of stdin, the environment, or a terminal, where it is asked for twice. Never from an
    argument: other users of the machine could read it there.

    Raises:
        Failure: there is none, or two different ones.
    """
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if given := os.environ.get(PASSWORD):
        return given
    if not sys.stdin.isatty():
        hint = f"in a script, pipe it to --password-stdin, or set {PASSWORD}"
        raise bad_input("the password is typed on a terminal", hint=hint)
    try:
        typed, again = getpass.getpass("Password: "), getpass.getpass("Repeat: ")
    except EOFError:
        raise bad_input("no password was typed") from None
    if typed != again:
        raise bad_input("the two passwords differ")
    return typed
