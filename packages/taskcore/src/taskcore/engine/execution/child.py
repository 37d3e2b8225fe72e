"""The inside of a child process: one handler after another, until the pipe closes."""

import asyncio
import inspect
import multiprocessing
import os
import pickle
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from taskcore.engine.context import TaskContext, enter
from taskcore.engine.execution.run import describe, encode_result
from taskcore.engine.handlers import Function
from taskcore.errors import InvalidInput, TaskCancelled, TaskcoreError
from taskcore.models import TaskError, TaskRecord

NAME = "taskcore-child"

KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL for a child that must stop."""


LOADING = 0.01
"""Seconds after which the parent is told that a function has been found: it was imported, and is only called now."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The function is here by now; its time begins."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a handler ended, in a form that crosses a pipe."""

    result: str | None = None
    error: BaseException | None = None
    described: TaskError | None = None


class RemoteError(TaskcoreError):
    """A handler in a child process raised something that does not pickle; its words are kept."""

    code = "remote_error"


class _Termination:
    """SIGTERM, which the parent sends when a handler must stop: it is interrupted where it is, once, so that it can
    tidy up. The process ends after it, or at once where none is under way."""

    def __init__(self) -> None:
        self.context: TaskContext | None = None
        self.came = False

    def __call__(self, *_: object) -> None:
        first, self.came = not self.came, True
        if self.context is None:
            raise SystemExit
        if first:
            self.context.stopped_by = TaskCancelled("the worker asked this process to stop")
            raise self.context.stopped_by


_ready = threading.Event()


def refuse_unready() -> None:
    """Refuse to work in a child that still imports the program of its parent: it would never get to its handler.

    Raises:
        InvalidInput: this process is one.
    """
    if multiprocessing.current_process().name == NAME and not _ready.is_set():
        raise InvalidInput(
            "this process is to run a handler, but the program that it imports for it starts a worker; "
            'start that below: if __name__ == "__main__":'
        )


def serve(pipe: Connection) -> None:
    """Run what the parent sends. Ctrl+C in a terminal reaches children too; only the parent decides what it means."""
    termination = _Termination()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, termination)
    threading.Thread(target=_end_with_parent, name="taskcore-parent", daemon=True).start()
    _ready.set()
    pipe.send(None)
    while not termination.came:
        try:
            function, task = _received(pipe)
        except EOFError:
            return
        except Exception as error:  # Sent well, but not to be found here, such as a function of an interactive session.
            pipe.send(Outcome(error=_portable(error), described=describe(error)))
        else:
            pipe.send(_run(pipe, function, task, termination))


def _received(pipe: Connection) -> tuple[Function, TaskRecord]:
    message = pipe.recv_bytes()
    began = time.monotonic()
    function, task = pickle.loads(message)  # noqa: S301 - from the parent
    if time.monotonic() - began > LOADING:
        pipe.send(Loaded())
    return function, task


def _end_with_parent() -> None:
    """Another worker runs the task once the parent is gone, however suddenly it went, and nobody hears of this run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(KILL_AFTER)
        os.kill(os.getpid(), signal.SIGKILL)


def _run(pipe: Connection, function: Function, task: TaskRecord, termination: _Termination) -> Outcome:
    context = TaskContext(task, lambda _, told: pipe.send(told))
    enter(context)
    try:
        termination.context = context
        value = function(context)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
        termination.context = None
        return Outcome(result=encode_result(value))
    except BaseException as error:
        termination.context = None
        return Outcome(error=_portable(error), described=describe(error))


def _portable(error: BaseException) -> BaseException:
    """The exception itself where it survives pickling, since its class decides on the retry."""
    try:
        copy: BaseException = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in the line itself
    except Exception:
        return RemoteError(f"{type(error).__name__}: {error}")
    return copy
