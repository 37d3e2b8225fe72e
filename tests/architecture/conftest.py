"""The workspace as data: where the tests of its shape get their facts from."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

Project = Mapping[str, Any]


@pytest.fixture(scope="session")
def root(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath


@pytest.fixture(scope="session")
def members(root: Path) -> dict[Path, Project]:
    """Folder of every member -> its parsed pyproject.toml."""
    files = sorted([*root.glob("packages/*/pyproject.toml"), *root.glob("apps/*/pyproject.toml")])
    return {file.parent: tomllib.loads(file.read_text(encoding="utf-8")) for file in files}


@pytest.fixture(scope="session")
def sources(root: Path) -> list[Path]:
    """Every Python file that people write here: what members ship, their tests, and the tools around them."""
    folders = [root / name for name in ("packages", "apps", "tests", "benchmarks")]
    return sorted([*root.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.py"))])
