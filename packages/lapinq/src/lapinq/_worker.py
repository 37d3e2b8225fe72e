"""What the public release had in a compiled module of this name."""

import json
from collections.abc import Mapping
from typing import Any

from lapinq.calling import is_coroutine_function
from lapinq.imports import Imports


def execute_task_inline(task_data: Mapping[str, Any]) -> str:
    """Call the function that a task names, and return its value as JSON text.

    Args:
        task_data: ``module_path``, ``task_name``, ``args`` and ``kwargs``, all of them.

    Raises:
        TypeError: it is a coroutine function, its keyword arguments are no object, or its value is no JSON.
        AttributeError: there is no such function.
    """
    module_path, task_name, args, kwargs = (task_data[key] for key in ("module_path", "task_name", "args", "kwargs"))
    try:
        function = Imports.of([]).function(module_path, task_name)
    except ModuleNotFoundError:
        raise
    except ImportError as error:
        raise AttributeError(str(error)) from error
    if is_coroutine_function(function):
        raise TypeError(f"{task_name} is a coroutine function; await lapinq.execute.execute_task_inline instead")
    return json.dumps(function(*args, **kwargs))
