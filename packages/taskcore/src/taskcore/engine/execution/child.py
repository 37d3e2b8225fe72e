"""The inside of a child process: one handler after another, until the pipe closes."""

import asyncio
import inspect
import pickle
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection

from taskcore.engine.context import TaskContext, enter
from taskcore.engine.execution.run import describe, encode_result
from taskcore.engine.handlers import Function
from taskcore.errors import TaskcoreError
from taskcore.models import TaskError, TaskRecord


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a handler ended, in a form that crosses a pipe."""

    result: str | None = None
    error: BaseException | None = None
    described: TaskError | None = None


class RemoteError(TaskcoreError):
    """A handler in a child process raised something that does not pickle; its words are kept."""

    code = "remote_error"


def serve(pipe: Connection) -> None:
    """Run what the parent sends. Ctrl+C in a terminal reaches children too; only the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        try:
            function, task = pipe.recv()
        except EOFError:
            return
        except Exception as error:  # Sent well, but not to be found here, such as a function of an interactive session.
            pipe.send(Outcome(error=_portable(error), described=describe(error)))
        else:
            pipe.send(_run(pipe, function, task))


def _run(pipe: Connection, function: Function, task: TaskRecord) -> Outcome:
    context = TaskContext(task, lambda _, told: pipe.send(told))
    enter(context)
    try:
        value = function(context)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
        return Outcome(result=encode_result(value))
    except BaseException as error:
        return Outcome(error=_portable(error), described=describe(error))


def _portable(error: BaseException) -> BaseException:
    """The exception itself where it survives pickling, since its class decides on the retry."""
    try:
        copy: BaseException = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in the line itself
    except Exception:
        return RemoteError(f"{type(error).__name__}: {error}")
    return copy
