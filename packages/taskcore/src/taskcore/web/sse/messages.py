"""One server-sent event as bytes, and where in the stream it stands."""

import json
import re
from dataclasses import dataclass

from taskcore.errors import InvalidInput

MAX_BYTES = 4_096
RETRY = b"retry: 3000\n\n"
KEEP_ALIVE = b": keep-alive\n\n"

_EVENT = re.compile(r"[A-Za-z0-9_.-]{1,50}")
_LINES = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stream stands: the ``epoch`` tells one run of one process from all others, since numbers begin anew."""

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """Read what a client sends back as ``Last-Event-ID``; None for nonsense."""
        epoch, dash, number = text.rpartition("-")
        if not dash or not re.fullmatch("[0-9]{1,18}", number):
            return None
        return cls(epoch, int(number))


@dataclass(frozen=True, slots=True)
class Message:
    """An event of a topic, ready to be sent to any number of clients."""

    topic: str
    number: int
    wire: bytes


def text_of(data: object) -> str:
    """Text as it is (a piece of HTML), anything else as compact JSON."""
    return data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), allow_nan=False)


def wire(event: str, text: str, position: Position) -> bytes:
    """The bytes of one event.

    Raises:
        InvalidInput: the event's name is none.
    """
    if not _EVENT.fullmatch(event):
        raise InvalidInput(f"an event is named by letters, digits, '_', '.' or '-', got {event!r:.80}")
    data = "".join(f"data: {line}\n" for line in _LINES.split(text))
    return f"id: {position}\nevent: {event}\n{data}\n".encode(errors="replace")
