"""The two places that a command writes to."""

import sys


def data(text: object) -> None:
    """A line of what was asked for."""
    sys.stdout.write(f"{text}\n")


def message(text: object) -> None:
    """A line about what goes on, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
