"""From a registered function to a handler of the engine."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from taskcore import serialization
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.errors import NotSerializable

from taskmq.errors import UnknownHandler
from taskmq.job import Job
from taskmq.jobs import handlers
from taskmq.vocabulary import NO_HANDLER, job_of, utc_now

Function = Callable[[Job], Any]


class RegisteredHandlers:
    """The registry as the engine's ``HandlerSource``; ``fallback`` runs the jobs that name no handler."""

    def __init__(self, fallback: Function | None = None) -> None:
        self._fallback = fallback
        self._made: dict[str, tuple[Function, Handler]] = {}

    def get(self, name: str) -> Handler:
        """The handler as it is registered now; made anew when it has been replaced."""
        function = self._fallback if name == NO_HANDLER else handlers.get_handler(name)
        if function is None:
            return Handler(name=name, function=_refusing(name), mode=Mode.THREAD)
        version = handlers.get_handler_hash(name)
        made = self._made.get(name)
        if made is None or made[0] is not function or made[1].version != version:
            made = self._made[name] = function, _handler(name, function, version)
        return made[1]

    def all(self) -> list[Handler]:
        """Every registered handler that has a name in words."""
        return [self.get(name) for name in list(handlers.HANDLERS) if isinstance(name, str)]


def _handler(name: str, function: Function, version: str | None) -> Handler:
    if is_coroutine_function(function):
        return Handler(name=name, function=_awaiting(function), mode=Mode.ASYNC, version=version)
    return Handler(name=name, function=_calling(function), mode=Mode.THREAD, version=version)


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether a call returns a coroutine, objects with ``async def __call__`` included."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _awaiting(function: Function) -> Callable[[TaskContext], Any]:
    async def call(context: TaskContext) -> Any:
        return storable(await function(_job(context)))

    return call


def _calling(function: Function) -> Callable[[TaskContext], Any]:
    def call(context: TaskContext) -> Any:
        value = function(_job(context))
        return storable(asyncio.run(value) if inspect.iscoroutine(value) else value)

    return call


def _refusing(name: str) -> Callable[[TaskContext], Any]:
    def call(context: TaskContext) -> None:
        if name == NO_HANDLER:
            raise UnknownHandler("No handler specified for job and no default func provided.")
        raise UnknownHandler(f"Unknown handler: {name}")

    return call


def _job(context: TaskContext) -> Job:
    return job_of(context.task, now=utc_now(), context=context)


def storable(value: Any) -> Any:
    """The value itself where it has an exact form, else its text: that is what ``Job.result`` shows of any value."""
    try:
        serialization.encode(value)
    except NotSerializable:
        return str(value)
    return value
