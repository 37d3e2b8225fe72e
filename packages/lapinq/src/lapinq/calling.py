"""How tasks are run: the function that a task names, found by the import policy, as a handler of the engine."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.errors import InvalidInput
from taskcore.models import TaskRecord
from taskcore.retry import NoRetry, RetryLater

from lapinq import current, documents
from lapinq.current import CurrentTask, Write
from lapinq.errors import NotImportable, RetryError
from lapinq.imports import Imports
from lapinq.registry import Function
from lapinq.task import arguments_of
from lapinq.vocabulary import DEFAULT_RETRY, function_of

Door = Callable[[TaskContext], Any]
MOST = 1_000
"""Names that are remembered, of either kind: anybody who may put tasks may make up as many as they like, and where
functions run in children nobody knows here which of them lead to one."""


class Functions:
    """The engine's ``HandlerSource``. A function is looked up with its first task, and then remembered.

    What cannot be run is a handler too: one that says why, so that its tasks fail with the reason as their error.

    Args:
        timeout: of one execution.
        write: how functions change the metadata of their tasks.
    """

    def __init__(self, imports: Imports, timeout: timedelta | None = None, write: Write | None = None) -> None:
        self._imports = imports
        self._timeout = timeout
        self._write = write or _nowhere
        self._found: dict[str, Handler] = {}
        self._broken: dict[str, Handler] = {}
        self._importer = ThreadPoolExecutor(1, thread_name_prefix="lapinq-import")

    def get(self, name: str, /) -> Handler:
        """The handler of a name of ``vocabulary.name_of``. A look-up that failed is repeated by ``prepare`` alone."""
        return self._found.get(name) or self._broken.get(name) or self._look_up(name)

    async def prepare(self, tasks: Sequence[TaskRecord]) -> None:
        """Look up what ``tasks`` name and was not found yet: in a thread, since importing a module may take long."""
        unknown = {task.name for task in tasks} - self._found.keys()
        if unknown:
            await asyncio.get_running_loop().run_in_executor(self._importer, self._look_up_all, unknown)

    def close(self) -> None:
        """Look up nothing more; a module that is being imported is imported to its end."""
        self._importer.shutdown(wait=False)

    def _look_up_all(self, names: Iterable[str]) -> None:
        for name in names:
            self._look_up(name)

    def _look_up(self, name: str) -> Handler:
        known = self._found
        try:
            handler = self._handler(name, *self._find(name))
        except BaseException as error:  # whatever a module does while it is imported, as pytest.skip
            known, handler = self._broken, self._handler(name, door(broken(error), self._write), Mode.THREAD)
        if len(known) >= MOST:
            known.clear()  # those that come again are looked up again
        known[name] = handler
        return handler

    def _find(self, name: str) -> tuple[Door, Mode]:
        """What runs the tasks of a name, and where."""
        function = self._imports.function(*function_of(name))
        return door(function, self._write), Mode.ASYNC if is_coroutine_function(function) else Mode.THREAD

    @property
    def all(self) -> tuple[Handler, ...]:
        """Those that were looked up so far."""
        return tuple(self._found.values())

    def _handler(self, name: str, door: Door, mode: Mode) -> Handler:
        return Handler(name=name, function=door, mode=mode, timeout=self._timeout, retry=DEFAULT_RETRY)


def is_coroutine_function(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def door(function: Function, write: Write) -> Door:
    """``function`` as the engine calls it: with the context of a task, whose arguments it gets."""

    def run(context: TaskContext) -> Any:
        args, kwargs = _enter(context, write)
        try:
            value = function(*args, **kwargs)
            return plain(asyncio.run(value) if inspect.iscoroutine(value) else value)
        except RetryError as error:
            _again(error)

    async def run_async(context: TaskContext) -> Any:
        args, kwargs = _enter(context, write)
        try:
            return plain(await function(*args, **kwargs))
        except RetryError as error:
            _again(error)

    return run_async if is_coroutine_function(function) else run


def _enter(context: TaskContext, write: Write) -> tuple[list[Any], dict[str, Any]]:
    current.enter(CurrentTask(context, write))
    return arguments_of(context.task)


async def _nowhere(task: UUID, changes: Mapping[str, Any]) -> None:
    raise InvalidInput("metadata cannot be changed here: this worker was made without a way to store it")


def _again(error: RetryError) -> NoReturn:
    raise RetryLater(error.delay, error.message or "manual retry") from error


def plain(value: Any) -> Any:
    """What a function returned, as JSON knows it: tuples are lists, keys are text.

    Raises:
        NotSerializable: it is no JSON.
    """
    if value is None or type(value) in (bool, int, float):
        return value
    return documents.load(documents.dump(value, "what the task returns"))


def broken(error: BaseException) -> Function:
    """A function that fails as the look-up did. What the policy refuses once, it refuses always."""

    def fail(*args: object, **kwargs: object) -> NoReturn:
        if isinstance(error, NotImportable):
            raise NoRetry(str(error)) from error
        what = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise ImportError(what) from error

    return fail
