"""What workers run, and what they do not, whoever asks."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lapinq import registry
from lapinq.errors import NotImportable
from lapinq.imports import Imports
from taskcore.errors import InvalidInput

TASKS = """
import os, subprocess, functools
from os import system, path
from subprocess import run as execute
from {package}.deeper import inner as reexported

def add(a, b): return a + b
async def aadd(a, b): return a + b
def _secret(): ...
class Thing:
    def method(self): ...
shell = functools.partial(os.system)
wrapped = functools.lru_cache(add)
"""


@pytest.fixture
def package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with tasks in the working directory, under a name of its own."""
    name = f"tasks_of_{folder.name.replace('-', '_')}"
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "deeper.py").write_text("def inner(): return 'inner'\n")
    (folder / name / "work.py").write_text(TASKS.format(package=name))
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


@pytest.mark.parametrize("task", ["add", "aadd", "work.add", "reexported", "wrapped"])
def test_functions_of_modules_in_the_working_directory_are_run(package: str, task: str) -> None:
    function = Imports.of([]).function(f"{package}.work", task)

    assert task.rpartition(".")[2] == "reexported" or function.__module__ == f"{package}.work"


@pytest.mark.parametrize(
    "task",
    ["system", "os.system", "execute", "os", "path", "Thing", "shell", "TASKS", "functools.partial", "subprocess"],
)
def test_what_a_module_has_merely_imported_is_not_run(package: str, task: str) -> None:
    with pytest.raises((NotImportable, ImportError)):
        Imports.of([]).function(f"{package}.work", task)


@pytest.mark.parametrize(
    ("module", "task"),
    [
        ("os", "system"),
        ("subprocess", "run"),
        ("builtins", "eval"),
        ("shutil", "rmtree"),
        ("importlib", "import_module"),
        ("posix", "system"),
        ("_posixsubprocess", "fork_exec"),
        ("__main__", "main"),
        ("os.path", "join"),
        ("click", "echo"),
        ("rich", "print"),
        ("lapinq.storage", "Storage"),
        ("taskcore.ids", "task_ids"),
        ("pytest", "main"),
        ("work._hidden", "f"),
        ("work.__init__", "f"),
        ("work", "_secret"),
        ("work", "__import__"),
        ("work", "Thing.__init__"),
        ("../work", "add"),
        ("work/../os", "system"),
        (".work", "add"),
        ("work.", "add"),
        ("", "add"),
        ("work:os", "system"),
        ("work\0", "add"),
        ("import os", "system"),
    ],
)
def test_foreign_modules_and_underscores_are_refused_when_a_task_is_enqueued(
    folder: Path, module: str, task: str
) -> None:
    with pytest.raises(NotImportable):
        Imports.of([]).check(module, task)
    with pytest.raises(NotImportable):
        Imports.of([]).function(module, task)


def test_a_file_named_like_a_module_of_the_standard_library_does_not_let_that_in(folder: Path) -> None:
    (folder / "os.py").write_text("def system(command): ...")

    with pytest.raises(NotImportable, match="standard library"):
        Imports.of([]).check("os", "system")


def test_a_folder_named_like_an_installed_package_does_not_let_that_in(folder: Path) -> None:
    import click  # noqa: F401  # it is loaded already, so that the import answers with it

    (folder / "click.py").write_text("def echo(text): ...")
    imports = Imports.of([])

    imports.check("click", "echo")
    with pytest.raises(NotImportable, match="outside of the import roots"):
        imports.function("click", "echo")


def test_modules_that_this_process_does_not_have_may_be_enqueued_and_fail_where_they_are_run(folder: Path) -> None:
    imports = Imports.of([])

    imports.check("elsewhere.tasks", "add")
    with pytest.raises(ModuleNotFoundError):
        imports.function("elsewhere.tasks", "add")


def test_a_registered_name_needs_no_function_of_that_name(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_functions", {})
    pretty: Callable[[], str] = lambda: "pretty"  # noqa: E731

    registry.register(pretty, module_path=f"{package}.work", task_name="a pretty name")

    assert pretty is Imports.of([]).function(f"{package}.work", "a pretty name")


def test_registering_opens_no_module_outside_of_the_roots(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_functions", {})
    registry.register(print, module_path="os", task_name="system")

    with pytest.raises(NotImportable):
        Imports.of([]).function("os", "system")


def test_an_installed_package_is_run_where_it_is_named_as_a_root(folder: Path) -> None:
    imports = Imports.of(["click"])

    imports.check("click", "echo")
    assert "echo" == imports.function("click", "echo").__name__
    with pytest.raises(NotImportable):
        imports.check("rich", "print")


def test_only_the_folders_that_are_named_are_roots(package: str, folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "inside.py").write_text("def f(): ...")

    imports = Imports.of(["src"])

    imports.check("inside", "f")
    with pytest.raises(NotImportable, match="outside of the import roots"):
        imports.check(package, "add")


def test_a_root_that_is_neither_folder_nor_name_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match=r"import root must be a folder.*'no/where'"):
        Imports.of(["no/where"])


def test_a_module_reached_through_a_link_out_of_the_root_is_not_run(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "linked_away.py"
    outside.write_text("def f(): ...")
    (folder / "linked_away.py").symlink_to(outside)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])

    with pytest.raises(NotImportable):
        Imports.of([]).function("linked_away", "f")
