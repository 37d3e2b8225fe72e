"""What every command says of itself is reviewed like code: it stands in ``help.txt``, beside this file."""

import argparse
import os
import sys
from pathlib import Path

import pytest
from lapinq.__main__ import build_parser

from .lines import commands

RENEW = "if it is meant so: LAPINQ_WRITE_HELP=1 uv run pytest packages/lapinq/tests/cli/test_help.py"
WRITTEN = Path(__file__).with_name("help.txt")


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other releases of Python lay help out in another way")
def test_the_help_of_every_command_is_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = "\n".join(parser.format_help() for _, parser in commands(build_parser()))

    if os.environ.get("LAPINQ_WRITE_HELP"):
        WRITTEN.write_text(shown, encoding="utf-8")
    assert WRITTEN.read_text(encoding="utf-8") == shown, RENEW


def test_every_command_and_option_explains_itself() -> None:
    for path, parser in commands(build_parser()):
        assert parser.description, path
        for action in parser._actions:
            if action.option_strings and action.help != argparse.SUPPRESS:
                assert action.help, (path, action.option_strings)
