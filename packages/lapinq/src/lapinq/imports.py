"""Which functions workers may run: those of modules below the import roots, and what these modules have registered.

A task names a module and a function, and whoever may enqueue one chooses both. So a name is checked twice: by its text
when the task is enqueued, where the code need not be installed, and by the function itself before it is run.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Self, cast

from taskcore.errors import InvalidInput

from lapinq.errors import NotImportable
from lapinq.registry import Function, registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """The import roots.

    Attributes:
        folders: modules that lie in one of these may be imported, found by their name from there.
        packages: so may these packages and modules, wherever they are installed, and those below them.
    """

    folders: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()

    @classmethod
    def of(cls, roots: Iterable[str]) -> Self:
        """From the words of ``--import`` and ``LAPINQ_IMPORT``: folders, or names of packages and modules. The folder
        of a package stands for the package; no word at all is the working directory.

        Raises:
            InvalidInput: a word is neither a folder nor the name of a package.
        """
        folders, packages = [], []
        for root in roots:
            path = Path(root).expanduser()
            if path.is_dir() and not (_is_name(root) and (path / "__init__.py").is_file()):
                folders.append(path.resolve())
            elif _is_name(root):
                packages.append(root)
            else:
                raise InvalidInput(
                    f"an import root must be a folder, or the dotted name of a package, got {root!r:.200}"
                )
        if not folders and not packages:
            folders.append(Path.cwd().resolve())
        return cls(folders=tuple(folders), packages=tuple(packages))

    def install(self) -> None:
        """Let this process find the modules in the folders, and named ones in the working directory too."""
        for folder in reversed((*self.folders, *([Path.cwd()] if self.packages else ()))):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))

    def check(self, module_path: str, task_name: str) -> None:
        """Whether a task with these names may be stored. Nothing is imported.

        Raises:
            NotImportable: no worker would run it.
        """
        check_names(module_path, task_name)
        top = module_path.partition(".")[0]
        if self._is_named(module_path):
            return
        if top in sys.stdlib_module_names or top in sys.builtin_module_names:
            raise _refused(module_path, task_name, "modules of the standard library are not run")
        if not self._lies_in_folder(top) and _is_elsewhere(top):
            raise _refused(module_path, task_name, f"{top!r} is installed outside of the import roots")

    def function(self, module_path: str, task_name: str) -> Function:
        """The function to run; its module is imported if it was not before.

        Raises:
            NotImportable: it may not be run.
            ImportError: there is no such module, or no such function in it.
        """
        self.check(module_path, task_name)
        module = importlib.import_module(module_path)
        if not self._permits(module):
            raise _refused(module_path, task_name, "the module lies outside of the import roots")
        if (function := registered(module_path, task_name)) is not None:
            return function
        return self._defined(module, task_name)

    def _defined(self, module: ModuleType, task_name: str) -> Function:
        """The function that stands in the module under the last part of the name."""
        function: Any = getattr(module, task_name.rpartition(".")[2], None)
        if function is None:
            raise ImportError(f"Function {task_name} not found in module {module.__name__}")
        home = sys.modules.get(getattr(function, "__module__", None) or "")
        if isinstance(function, type) or not callable(function) or home is None or not self._permits(home):
            why = "it is no function that a module below the import roots defines, or registers"
            raise _refused(module.__name__, task_name, why)
        return cast(Function, function)

    def _permits(self, module: ModuleType) -> bool:
        return self._is_named(module.__name__) or self._holds(module)

    def _is_named(self, module_path: str) -> bool:
        return any(module_path == package or module_path.startswith(f"{package}.") for package in self.packages)

    def _lies_in_folder(self, top: str) -> bool:
        return PathFinder.find_spec(top, [str(folder) for folder in self.folders]) is not None

    def _holds(self, module: ModuleType) -> bool:
        """Whether a module was loaded from where its name leads to from one of the folders."""
        places = [module.__file__] if getattr(module, "__file__", None) else list(getattr(module, "__path__", ()))
        parts = module.__name__.split(".")
        return bool(places) and all(self._leads_to(parts, Path(place).resolve()) for place in places if place)

    def _leads_to(self, parts: Sequence[str], place: Path) -> bool:
        """``a.b`` leads to a/b.py, a/b/__init__.py, a/b, or to a/b.*.so."""
        for folder in self.folders:
            expected = folder.joinpath(*parts)
            if place == expected or place.parent == expected:
                return True
            if place.parent == expected.parent and place.name.partition(".")[0] == parts[-1]:
                return True
        return False


def _is_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def check_names(module_path: str, task_name: str) -> None:
    """Whether these could be names of a module and a function that workers run, wherever they are.

    Raises:
        NotImportable: they could not.
    """
    if not _is_name(module_path):
        raise NotImportable(f"module_path must be the dotted name of a module, got {module_path!r:.120}")
    for what, text in (("module_path", module_path), ("task_name", task_name)):
        if any(part.startswith("_") for part in text.split(".")):
            raise NotImportable(f"{what} must not have parts that begin with an underscore, got {text!r:.120}")


def _is_elsewhere(top: str) -> bool:
    """Whether this process could import the module, and not from an import root."""
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return top in sys.modules


def _refused(module_path: str, task_name: str, why: str) -> NotImportable:
    return NotImportable(
        f"task {task_name!r:.120} of module {module_path!r:.120} is refused: {why}; workers run functions that modules "
        "below the import roots define (--import, LAPINQ_IMPORT; by default the working directory)"
    )
