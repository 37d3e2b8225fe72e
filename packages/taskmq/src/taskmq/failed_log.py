"""One line in a text file for each job that is given up, for people who watch files. The queue itself has the truth."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from taskcore.events import AnyEvent, StaleWrite, TaskEvent
from taskcore.models import TaskRecord
from taskcore.states import Event

logger = logging.getLogger("taskmq.worker")

MAX_FIELD = 1000
"""Characters of a payload or an error that are shown."""

ABOUT = frozenset({Event.FAIL, Event.REPEAT})

_MAX_EXPECTED = 1000


class FailedLog:
    """Hears from the policy what is given up, and from the engine what was stored.

    Args:
        path: asked for every line.
    """

    def __init__(self, path: Callable[[], str]) -> None:
        self._path = path
        self._expected: OrderedDict[tuple[str, int], tuple[TaskRecord, int]] = OrderedDict()

    def expect(self, task: TaskRecord, failures: int) -> None:
        """The end of this attempt is about to be stored."""
        self._expected[task.id, task.attempt] = task, failures
        if len(self._expected) > _MAX_EXPECTED:  # refused by a fence, and nobody said so
            self._expected.popitem(last=False)

    def hear(self, events: Sequence[AnyEvent]) -> None:
        """Subscribe this to ``ABOUT``."""
        if not self._expected:  # as nearly always
            return
        for event in events:
            match event:
                case TaskEvent(event=Event.FAIL | Event.REPEAT, error=error) if error is not None:
                    self._write(event)
                case StaleWrite():
                    self._expected.pop((event.task, event.attempt), None)
                case _:
                    pass

    def _write(self, event: TaskEvent) -> None:
        task, failures = self._expected.pop((event.task, event.attempt), (None, 0))
        if task is None or event.error is None:
            return
        line = (
            f"[{event.at.isoformat()}] Job ID: {task.id}, Payload: {_shown(task.payload)}, "
            f"Retries: {failures}, Error: {_shown(event.error.message)}\n"
        )
        try:
            with Path(self._path()).open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            logger.warning("cannot write %s: %s", self._path(), error)


def _shown(text: str) -> str:
    """``text`` on one line: what would end the line, act on a terminal or turn its direction is escaped."""
    cut = text if len(text) <= MAX_FIELD else text[:MAX_FIELD] + "..."
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
