"""What a worker logs of its tasks: which failed and why; and with ``LAPINQ_LOG_LEVEL=debug``, which went well."""

import logging
from collections.abc import Mapping, Sequence

from taskcore.events import AnyEvent, TaskEvent
from taskcore.models import TaskError
from taskcore.states import Event

log = logging.getLogger("lapinq.worker")

TOLD: Mapping[Event, tuple[int, str]] = {
    Event.SUCCEED: (logging.DEBUG, "completed"),
    Event.CANCEL: (logging.INFO, "was cancelled"),
    Event.RELEASE: (logging.INFO, "was given back"),
    Event.LOSE: (logging.WARNING, "was taken back from a worker that gave no sign of life"),
    Event.RETRY: (logging.WARNING, "is tried again"),
    Event.FAIL: (logging.ERROR, "has failed"),
}
_MOST = 500
"""Characters of an error's text, where its traceback does not follow."""


def tell(events: Sequence[AnyEvent]) -> None:
    """Leave a line for each event that is worth one."""
    well_too = log.isEnabledFor(TOLD[Event.SUCCEED][0])  # most events go no further, so little is asked about each
    for event in events:
        if isinstance(event, TaskEvent) and (well_too or event.event is not Event.SUCCEED) and event.event in TOLD:
            _tell(event)


def _tell(event: TaskEvent) -> None:
    level, word = TOLD[event.event]
    if log.isEnabledFor(level):
        name = event.name.replace(":", ".", 1)
        log.log(level, "task %s (%s, queue %s) %s%s", event.task, name, event.queue, word, _why(event))


def _why(event: TaskEvent) -> str:
    if event.error is None:
        return "" if event.duration is None else f" after {event.duration:.3f} s"
    if event.event is Event.FAIL and event.error.traceback:
        return f"\n{event.error.traceback.rstrip()}"
    return f": {_line(event.error)}"


def _line(error: TaskError) -> str:
    text = " ".join(error.message.split())[:_MOST]
    return f"{error.type}: {text}" if error.type else text
