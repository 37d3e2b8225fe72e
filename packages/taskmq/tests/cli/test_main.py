"""The names by which ``python -m`` knows the program."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["taskmq", "taskmq.cli"])
def test_the_program_has_the_names_of_its_modules(module: str) -> None:
    command = [sys.executable, "-m", module, "--version"]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("taskmq 0.")
