"""What the documentation of the shell shows is what happens, from its first command to its last."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from .conftest import Run

DOCUMENT = Path(__file__).parents[4] / "docs" / "lapinq-cli.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
STEP = re.compile(r"^\$ (?:printf '(.*)' \| )?lapinq (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the documentation is not here")
def test_each_command_prints_what_the_document_shows(lapinq: Run) -> None:
    steps = [step for block in BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")) for step in STEP.findall(block)]
    assert len(steps) > 20

    for stdin, words, expected in steps:
        ran = lapinq(*shlex.split(words), stdin=stdin.replace("\\n", "\n"))
        assert 0 == ran.code, (words, ran)
        assert doctest.OutputChecker().check_output(expected, ran.out, FLAGS), (words, ran.out)
