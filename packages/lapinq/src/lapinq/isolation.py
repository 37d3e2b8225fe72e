"""Functions in child processes of the worker, which can be killed: by a timeout, or by what they do to themselves.

A worker has as many children as tasks at the same time, and uses them again. It imports no task's module itself.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Mode
from taskcore.ids import WorkerId

from lapinq.calling import Door, Functions, broken, door
from lapinq.imports import Imports
from lapinq.settings import Settings
from lapinq.vocabulary import function_of


class IsolatedFunctions(Functions):
    """``Functions`` that run in children.

    Args:
        settings: say where a child finds the database, when a function there changes metadata.
        worker: is told to functions as ``LAPINQ_WORKER_ID``.
    """

    def __init__(self, imports: Imports, timeout: timedelta | None, settings: Settings, worker: WorkerId) -> None:
        super().__init__(imports, timeout)
        self._settings, self._worker = settings, worker

    def _find(self, name: str) -> tuple[Door, Mode]:
        self._imports.check(*function_of(name))
        return InChild(self._imports, name, self._settings, self._worker), Mode.PROCESS


@dataclass(frozen=True, slots=True)
class InChild:
    """A function in a child. It crosses a pipe, from the worker to its own child, and arrives there as what it stands
    for: how long its module takes to import is no time of its task's."""

    imports: Imports
    name: str
    settings: Settings
    worker: WorkerId

    def __reduce__(self) -> tuple[Any, ...]:
        return arrived, (self.imports, self.name, self.settings, self.worker)

    def __call__(self, context: TaskContext) -> Any:
        return arrived(self.imports, self.name, self.settings, self.worker)(context)


def arrived(imports: Imports, name: str, settings: Settings, worker: WorkerId) -> Door:
    """What a child runs. It is found when this is called."""
    os.environ["LAPINQ_WORKER_ID"] = worker
    imports.install()
    try:
        function = imports.function(*function_of(name))
    except BaseException as error:  # whatever a module does while it is imported, as pytest.skip
        function = broken(error)
    return door(function, partial(_write, settings))


async def _write(settings: Settings, task: UUID, changes: Mapping[str, Any]) -> None:
    """A child has no connection of its own until somebody needs one, and keeps none."""
    from lapinq.service import Service  # most children need no database, and start faster without

    service = await Service.open(settings)
    try:
        await service.merge_metadata(task, changes)
    finally:
        await service.close()
