"""From a registered function to a handler of the engine."""

import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from taskcore import serialization
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.errors import NotSerializable

from taskmq.errors import NotPortable, UnknownHandler
from taskmq.hooks import Hooks, Middleware
from taskmq.job import Job
from taskmq.jobs import chain, handlers
from taskmq.jobs.options import HandlerOptions
from taskmq.jobs.running import RunningJob
from taskmq.vocabulary import NO_HANDLER

Function = Callable[[Job], Any]


class _Registration(NamedTuple):
    """What a handler is made of."""

    function: Function
    version: str | None
    options: HandlerOptions
    middlewares: tuple[Middleware, ...]


class RegisteredHandlers:
    """The registry as the engine's ``HandlerSource``; ``fallback`` runs the jobs that name no handler."""

    def __init__(self, fallback: Function | None = None, hooks: Hooks | None = None) -> None:
        self._fallback = fallback
        self._hooks = hooks or Hooks()
        self._made: dict[str, tuple[_Registration, Handler]] = {}

    def get(self, name: str) -> Handler:
        """The handler as it is registered now; made anew when it has been replaced."""
        function = self._fallback if name == NO_HANDLER else handlers.get_handler(name)
        if function is None:
            return Handler(name=name, function=_refusing(name), mode=Mode.THREAD)
        version, options = handlers.get_handler_hash(name), handlers.get_handler_options(name)
        found = _Registration(function, version, options, self._hooks.middlewares)
        made = self._made.get(name)
        if made is None or made[0] != found:
            made = self._made[name] = found, _handler(name, found)
        return made[1]

    def all(self) -> list[Handler]:
        """Every registered handler that has a name in words."""
        return [self.get(name) for name in list(handlers.HANDLERS) if isinstance(name, str)]


def _handler(name: str, found: _Registration) -> Handler:
    call: Callable[[TaskContext], Any]
    if found.options.isolation == "process":
        mode, call = _portable(name, Call(found.function, found.middlewares))
    elif is_coroutine_function(found.function):
        mode, call = Mode.ASYNC, _awaiting(chain.awaited(found.function, found.middlewares))
    else:
        mode, call = Mode.THREAD, Call(found.function, found.middlewares)
    return Handler(name=name, function=call, mode=mode, timeout=found.options.timeout, version=found.version)


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether a call returns a coroutine, objects with ``async def __call__`` included."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _awaiting(function: Function) -> Callable[[TaskContext], Any]:
    async def call(context: TaskContext) -> Any:
        return storable(await function(RunningJob.of(context)))

    return call


@dataclass(frozen=True, slots=True)
class Call:
    """A function in a thread or a child process, to which it goes as a pickle."""

    function: Function
    middlewares: tuple[Middleware, ...] = ()

    def __call__(self, context: TaskContext) -> Any:
        return storable(chain.called(self.function, self.middlewares, RunningJob.of(context)))


def _refusing(name: str) -> Callable[[TaskContext], Any]:
    def call(context: TaskContext) -> None:
        if name == NO_HANDLER:
            raise UnknownHandler("No handler specified for job and no default func provided.")
        raise UnknownHandler(f"Unknown handler: {name}")

    return call


def _portable(name: str, call: Call) -> tuple[Mode, Callable[[TaskContext], Any]]:
    """The call for a child process, or one that says why no child could make it."""
    try:
        pickle.dumps(call)
    except Exception as error:
        reason = f"handler {name!r} cannot run in a process of its own, which imports functions by their names: {error}"

        def refuse(context: TaskContext) -> None:
            raise NotPortable(f"{reason}; define it at the top level of a module, and its middlewares, too")

        return Mode.THREAD, refuse
    return Mode.PROCESS, call


def storable(value: Any) -> Any:
    """The value itself where it has an exact form, else its text: that is what ``Job.result`` shows of any value."""
    if value is None:  # which most handlers return
        return None
    try:
        serialization.encode(value)
    except NotSerializable:
        return str(value)
    return value
