"""The functions that this process has registered as tasks, by the names that tasks have for them."""

from collections.abc import Callable
from typing import Any

from lapinq.vocabulary import name_of

Function = Callable[..., Any]

_functions: dict[str, Function] = {}


def register(function: Function, *, module_path: str, task_name: str) -> None:
    """Let workers of this process run ``function`` for tasks with this name; the last registration counts.

    Raises:
        InvalidInput: the name is none.
    """
    _functions[name_of(module_path, task_name)] = function


def registered(module_path: str, task_name: str) -> Function | None:
    """The function that was registered under this name."""
    return _functions.get(f"{module_path}:{task_name}")
