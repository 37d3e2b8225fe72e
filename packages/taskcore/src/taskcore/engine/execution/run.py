"""One attempt under way inside a worker, from the claim to the moment its outcome is known."""

import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from taskcore import serialization
from taskcore.clock import Clock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler
from taskcore.errors import TaskcoreError
from taskcore.models import TaskError

MAX_TRACEBACK = 16_384
"""Characters of a traceback that are kept; its end says more than its beginning."""
MAX_MESSAGE = 16_384
"""Characters of the text of an exception that are kept; some hold all that a server answered."""


class Run:
    """The outcome is ``result`` when ``error`` is None. Written by one executor thread, then read by the engine.

    Attributes:
        result: what the handler returned, as text; None for None.
        begun: monotonic seconds at which the handler began; None while it waits for a slot.
        closed: it is settled, or must not be any more.
    """

    __slots__ = (
        "begun",
        "closed",
        "context",
        "described",
        "duration",
        "error",
        "finished_at",
        "handler",
        "result",
        "started_at",
    )

    def __init__(self, context: TaskContext, handler: Handler) -> None:
        self.context = context
        self.handler = handler
        self.begun: float | None = None
        self.started_at: datetime | None = None
        self.finished_at: datetime | None = None
        self.duration = 0.0
        self.result: str | None = None
        self.error: BaseException | None = None
        self.described: TaskError | None = None
        self.closed = False

    @property
    def timeout(self) -> timedelta | None:
        return self.context.task.timeout or self.handler.timeout

    def begin(self, clock: Clock) -> None:
        """The handler is about to be called; raises instead when the run was stopped while it waited."""
        self.context.raise_if_cancelled()
        self.begin_anew(clock)

    def begin_anew(self, clock: Clock) -> None:
        """What was under way until now was no time of the handler's."""
        self.started_at = clock.now()
        self.begun = time.monotonic()

    def succeed(self, value: Any, clock: Clock) -> None:
        """Keep what the handler returned; a value that cannot be stored is the handler's failure."""
        try:
            self.end(clock, result=encode_result(value))
        except TaskcoreError as error:
            self.end(clock, error=error)

    def fail(self, error: BaseException, clock: Clock) -> None:
        """Keep what the handler raised."""
        self.end(clock, error=error)

    def end(
        self,
        clock: Clock,
        *,
        result: str | None = None,
        error: BaseException | None = None,
        described: TaskError | None = None,
    ) -> None:
        """Keep the outcome. ``described`` is the error in words, where the exception comes from another process."""
        self.result, self.error, self.described = result, error, described
        self.finished_at = clock.now()
        if self.begun is not None:
            self.duration = time.monotonic() - self.begun


def encode_result(value: Any) -> str | None:
    """The returned value as text; None for None, which most handlers return."""
    return None if value is None else serialization.encode(value)


Done = Callable[[Run], None]
"""Tells the engine that a run ended; safe to call from any thread."""


class Executor(Protocol):
    """Runs handlers of one mode, a bounded number at a time; what does not fit yet waits inside."""

    def start(self, done: Done) -> Self:
        """Get ready. ``done`` is called once for every run, whatever its handler does."""
        ...

    def open(self) -> None:
        """Make ready at once what the first run would need; raises what keeps it from that. May take its time."""
        ...

    def submit(self, runs: list[Run]) -> None:
        """Begin these runs in order, as slots become free. Returns at once."""
        ...

    def take_back(self) -> list[Run]:
        """Give up the runs that have not begun; ``done`` is not called for them."""
        ...

    def interrupt(self, run: Run) -> None:
        """Make the handler of a run stop, as far as the mode allows."""
        ...

    def abandon(self, run: Run) -> bool:
        """The engine waits no longer: free the slot although the handler still goes on.

        False when ``done`` has been called for the run, or will be soon; True when it never will.
        """
        ...

    def watch(self) -> None:
        """Called about every 100 ms from the engine's thread, for checks of the mode's own."""
        ...

    def close(self) -> None:
        """Stop without waiting for handlers."""
        ...

    def join(self, seconds: float) -> None:
        """Once it is closed: wait, for so long at the most, until what it had opened is closed."""
        ...


def describe(error: BaseException) -> TaskError:
    """The exception as it is stored: class name, the beginning of its text, and the end of its traceback."""
    trace = "".join(traceback.format_exception(error)) if error.__traceback__ else ""
    try:
        text = str(error)
    except Exception as broken:
        text = f"<{type(error).__name__}.__str__ raised {type(broken).__name__}>"
    return TaskError(type(error).__name__, printable(cut(text, MAX_MESSAGE)), printable(trace[-MAX_TRACEBACK:]))


def cut(text: str, most: int) -> str:
    """At most so many characters of a text."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def printable(text: str) -> str:
    """Replace what some store cannot keep: NUL and lone surrogates, which a hostile message may hold."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
