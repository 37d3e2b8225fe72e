"""What the documentation shows is what happens: every code block runs, every command exists.

The ``python`` blocks of one document are one program, run from top to bottom in an empty folder. Then its ``taskmq``
commands run in that folder; output that a ``console`` block shows must come, where ``...`` stands for anything.
Other commands must at least be ones that this workspace has. ``<!-- no-test: reason -->`` before a block excuses it.
"""

import doctest
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("packages/*/README.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"\s*```(?P<language>[\w-]*)")
EXCUSE = re.compile(r"\s*<!-- no-test: \S.* -->")
PROMPT = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
TOOLS = {"mypy", "nox", "pytest", "python", "ruff"}
SECONDS_PER_STEP = 60

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@dataclass
class Block:
    language: str
    excused: bool
    first: int  # index of its first line of code in the document
    code: list[str] = field(default_factory=list)


def blocks(document: Path) -> list[Block]:
    found: list[Block] = []
    inside, before = False, ""
    for index, line in enumerate(document.read_text(encoding="utf-8").splitlines()):
        if fence := FENCE.match(line):
            if not inside:
                found.append(Block(fence["language"], bool(EXCUSE.match(before)), index + 1))
            inside = not inside
        elif inside:
            found[-1].code.append(line)
        before = line if line.strip() else before
    assert not inside, f"{document}: the block below line {found[-1].first} never ends"
    return found


def program(document: Path) -> str:
    """Join the python blocks, each at its own line numbers, so that a traceback points into the document."""
    lines: list[str] = []
    for block in blocks(document):
        if block.language == "python" and not block.excused:
            lines += [""] * (block.first - len(lines))
            lines += textwrap.dedent("\n".join(block.code)).split("\n")
    return "\n".join(lines)


def commands(document: Path, *, excused: bool) -> Iterator[tuple[str, str]]:
    """Yield each shell command and the output that the document shows for it, empty when it shows none."""
    for block in blocks(document):
        text = textwrap.dedent("\n".join([*block.code, ""]))
        if block.excused and not excused:
            continue
        if block.language == "console":
            yield from ((match[1], match[2]) for match in PROMPT.finditer(text))
        elif block.language in {"sh", "bash"}:
            yield from ((line, "") for line in text.replace("\\\n", " ").splitlines() if line.strip())


def run(command: list[str], folder: Path) -> str:
    """Run one step as a reader would: own process, own folder, the workspace's commands on the PATH."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKMQ_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}", "COLUMNS": "120"}
    step = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS_PER_STEP, check=False
    )
    assert 0 == step.returncode, f"{command[-1]}\n{step.stdout}{step.stderr}"
    return step.stdout


@documents
def test_the_code_of_a_document_runs(document: Path, tmp_path: Path) -> None:
    if code := program(document):
        (tmp_path / document.with_suffix(".py").name).write_text(code, encoding="utf-8")
        run([sys.executable, "-W", "error", document.with_suffix(".py").name], tmp_path)

    for command, expected in commands(document, excused=False):
        if command.startswith("taskmq "):
            shown = run(["sh", "-c", command], tmp_path)
            same = doctest.OutputChecker().check_output(
                expected, shown, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            )
            assert same or not expected.strip(), f"$ {command}\nexpected:\n{expected}\nshown:\n{shown}"


@documents
def test_the_commands_of_a_document_exist(document: Path) -> None:
    files = [*ROOT.glob("packages/*/pyproject.toml"), *ROOT.glob("apps/*/pyproject.toml")]
    projects = [tomllib.loads(file.read_text(encoding="utf-8"))["project"] for file in files]
    programs = TOOLS.union(*(project.get("scripts", {}) for project in projects))
    sessions = set(
        re.findall(
            r"^@nox\.session\n(?:@.*\n)*def (\w+)", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE
        )
    )

    for command, _ in commands(document, excused=True):
        assert set(re.findall(r"\buv run ([\w-]+)", command)) <= programs, command
        assert set(re.findall(r"\bnox -s (\w+)", command)) <= sessions, command
