"""A file has a subject and fits into a head."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

LINES = 400
NAMES_WITHOUT_A_SUBJECT = {"common", "helper", "helpers", "misc", "util", "utils"}


def test_no_file_is_longer_than_its_budget(sources: Sequence[Path]) -> None:
    lengths = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in sources}

    assert {} == {file: length for file, length in lengths.items() if length > LINES}


def test_no_file_is_named_after_nothing(sources: Sequence[Path]) -> None:
    assert [] == [file for file in sources if file.stem in NAMES_WITHOUT_A_SUBJECT]


def test_every_shipped_module_states_its_promise(root: Path, members: Mapping[Path, object]) -> None:
    shipped = [file for folder in members for file in (folder / "src").rglob("*.py")]
    silent = [str(file.relative_to(root)) for file in shipped if not ast.get_docstring(ast.parse(file.read_bytes()))]

    assert [] == silent


def test_every_shipped_folder_is_a_package(root: Path, members: Mapping[Path, object]) -> None:
    """Without ``__init__.py`` a folder still imports, but import-linter does not see it."""
    folders = {file.parent for folder in members for file in (folder / "src").rglob("*.py")}

    assert [] == [str(folder.relative_to(root)) for folder in folders if not (folder / "__init__.py").is_file()]
