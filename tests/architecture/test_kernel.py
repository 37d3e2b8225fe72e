"""The kernel runs on the standard library alone, so every face can afford it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

# What stands above the kernel and may know a driver or a framework; any other module of taskcore is kernel.
OUTSIDE = {"adapters", "auth", "embedded", "engine", "metrics", "ratelimit", "testing", "tracing", "ui", "web"}


def kernel_files(root: Path) -> Iterator[Path]:
    package = root / "packages/taskcore/src/taskcore"
    for file in package.rglob("*.py"):
        if file.relative_to(package).with_suffix("").parts[0] not in OUTSIDE:
            yield file


def imported_packages(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]


def test_the_kernel_imports_the_standard_library_and_croniter_in_schedule_alone(root: Path) -> None:
    allowed = (sys.stdlib_module_names - {"sqlite3"}) | {"taskcore"}

    foreign = {
        (file.relative_to(root).as_posix(), package)
        for file in kernel_files(root)
        for package in imported_packages(file)
        if package not in allowed
        and not (package == "croniter" and "schedule" in file.as_posix().partition("/taskcore/")[2])
    }

    assert set() == foreign
