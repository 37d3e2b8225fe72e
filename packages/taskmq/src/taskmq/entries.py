"""Lines of histories and logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a job's history, or of its log."""

    at: str
    """ISO 8601, as it was written."""
    message: str
    level: str = "INFO"
    job_id: int = 0
    handler: str | None = None


def entry_of(line: Mapping[str, Any]) -> Entry:
    """A line as ``QueueBackend.get_logs`` answers it."""
    return Entry(
        at=str(line["timestamp"]),
        message=str(line["message"]),
        level=str(line.get("level", "INFO")),
        job_id=line.get("job_id", 0),
        handler=line.get("handler"),
    )
