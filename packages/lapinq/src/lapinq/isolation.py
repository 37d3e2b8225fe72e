"""Functions in child processes of the worker, which can be killed: by a timeout, or by what they do to themselves.

A worker has as many children as tasks at the same time, and uses them again. It imports no task's module itself.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Mode

from lapinq.calling import Door, Functions, broken, door
from lapinq.imports import Imports
from lapinq.settings import Settings
from lapinq.vocabulary import function_of


class IsolatedFunctions(Functions):
    """``Functions`` that run in children.

    Args:
        settings: say where a child finds the database, when a function there changes metadata.
    """

    def __init__(self, imports: Imports, timeout: timedelta | None, settings: Settings) -> None:
        super().__init__(imports, timeout)
        self._settings = settings

    def _find(self, name: str) -> tuple[Door, Mode]:
        self._imports.check(*function_of(name))
        return InChild(self._imports, name, self._settings), Mode.PROCESS


@dataclass(frozen=True, slots=True)
class InChild:
    """Finds the function where it is to run. It crosses a pipe, from the worker to its own child."""

    imports: Imports
    name: str
    settings: Settings

    def __call__(self, context: TaskContext) -> Any:
        self.imports.install()
        os.environ["LAPINQ_WORKER_ID"] = context.task.worker or ""
        try:
            function = self.imports.function(*function_of(self.name))
        except (Exception, SystemExit) as error:  # whatever a module does while it is imported
            function = broken(error)
        return door(function, self._write)(context)

    async def _write(self, task: UUID, changes: Mapping[str, Any]) -> None:
        """A child has no connection of its own until somebody needs one, and keeps none."""
        from lapinq.service import Service  # most children need no database, and start faster without

        service = await Service.open(self.settings)
        try:
            await service.merge_metadata(task, changes)
        finally:
            await service.close()
