"""One task here and now, without a worker: for programs, and for the command ``lapinq execute``."""

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

import anyio
import anyio.to_thread

from lapinq.calling import is_coroutine_function
from lapinq.errors import RetryError
from lapinq.imports import Imports
from lapinq.service import Service
from lapinq.settings import Settings

__all__ = ["RetryError", "execute_task", "execute_task_inline"]


async def execute_task(task_id: str) -> None:
    """Call the function of a stored task, and print its value. The task stays as it is.

    Raises:
        TaskNotFound: there is none. ValueError: it is no id. And as ``execute_task_inline``.
    """
    settings = Settings.from_env(os.environ)
    imports = Imports.of(settings.imports)
    imports.install()
    service = await Service.open(settings)
    try:
        task = await service.get(UUID(task_id))
    finally:
        await service.close()
    value = await call(imports, task.row())
    sys.stdout.write(f"{value}\n")


async def execute_task_inline(task_data: Mapping[str, Any]) -> Any:
    """Call the function that a task names, and return its value. Nothing is stored.

    Args:
        task_data: ``module_path`` and ``task_name``, and maybe ``args`` and ``kwargs``.

    Raises:
        NotImportable: workers would not run it either. ImportError: there is no such module or function.
    """
    return await call(Imports.of(Settings.from_env(os.environ).imports), task_data)


async def call(imports: Imports, task_data: Mapping[str, Any]) -> Any:
    """The same, for import roots that are known."""
    function = imports.function(task_data["module_path"], task_data["task_name"])
    begin = partial(function, *(task_data.get("args") or ()), **(task_data.get("kwargs") or {}))
    if is_coroutine_function(function):
        return await begin()
    return await anyio.to_thread.run_sync(begin, limiter=anyio.CapacityLimiter(1))
