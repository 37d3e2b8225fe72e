"""Jobs as documents: what every form of output is drawn from."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from taskmq.cli.output import Column, Document
from taskmq.cli.text import ago, as_json, milliseconds, precise, timestamp, visible
from taskmq.service import Entry
from taskmq.storage.base import Job

ICONS = {
    "pending": "…",
    "scheduled": "◷",
    "retrying": "↻",
    "running": "▶",
    "cancelling": "⊗",
    "waiting": "◌",
    "success": "✓",
    "dead": "☠",
    "cancelled": "⊘",
    "interrupted": "⚡",
    "expired": "⌛",
}


def job_document(job: Job) -> dict[str, Any]:
    """Everything about a job. ``result`` is text, ``return_value`` the same as a value; ``attempts`` were begun."""
    return {
        "id": job.id,
        "state": job.state,
        "status": job.status.value,
        "handler": job.handler,
        "queue": job.queue,
        "priority": job.priority,
        "payload": job.payload,
        "result": job.result,
        "return_value": job.return_value,
        "error": _error(job),
        "retries": job.retries,
        "attempts": job.tries,
        "max_attempts": max_attempts(job),
        "retry_policy": job.retry_policy,
        "interval_seconds": job.interval_seconds,
        "created_at": timestamp(job.created_at),
        "scheduled_for": timestamp(job.scheduled_for),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
        "duration_ms": duration_ms(job),
        "worker": job.worker,
        "progress": job.fraction,
        "note": job.note,
        "handler_hash": job.handler_hash,
    }


def entry_document(entry: Entry) -> Document:
    """A line of a log or a timeline."""
    return {
        "timestamp": entry.at,
        "job_id": entry.job_id,
        "handler": entry.handler,
        "level": entry.level,
        "message": entry.message,
    }


def max_attempts(job: Job) -> int | None:
    """How often it may be tried, as far as the job says; None leaves it to the worker."""
    if job.retry_policy == "none":
        return 1
    return None if job.max_retries is None else max(1, job.max_retries)


def duration_ms(job: Job) -> int | None:
    """How long the last attempt took, once it is over."""
    if job.started_at is None or job.finished_at is None or not job.was_tried:
        return None
    return milliseconds(job.finished_at - job.started_at)


def wait_ms(job: Job) -> int | None:
    """How long the job was due before its last attempt began."""
    if job.started_at is None or not job.was_tried:
        return None
    due = milliseconds(job.started_at - max(job.created_at, job.scheduled_for))
    return due if due >= 0 else None  # a periodic job waits for its next run already


def payload_text(job: Job) -> str:
    """The payload as it is stored; as JSON where a backend keeps values."""
    if isinstance(job.raw_payload, str):
        return visible(job.raw_payload)
    return visible(job.payload) if isinstance(job.payload, str) else as_json(job.payload)


def _error(job: Job) -> str | None:
    if job.error_log and job.error_type:
        return f"{job.error_type}: {job.error_log}"
    return job.error_log or job.error_type


def _state(document: Document) -> str:
    return f"{ICONS.get(document['state'], '?')} {document['state']}"


def _attempts(document: Document) -> str:
    most = document["max_attempts"]
    return str(document["attempts"]) if most is None else f"{document['attempts']}/{most}"


def _created(document: Document) -> str:
    return ago(datetime.fromisoformat(document["created_at"]), datetime.now(UTC))


def _duration(document: Document) -> str:
    return "" if document["duration_ms"] is None else precise(document["duration_ms"])


JOB_COLUMNS: Sequence[Column] = (
    Column("id", "ID"),
    Column("state", "State", _state),
    Column("handler", "Handler"),
    Column("attempts", "Attempts", _attempts),
    Column("max_attempts", only_piped=True),
    Column("created_at", "Created", _created),
    Column("duration_ms", "Duration", _duration),
    Column("error", "Error", shrink=True),
)

ENTRY_COLUMNS: Sequence[Column] = (
    Column("timestamp", "Time"),
    Column("job_id", "Job"),
    Column("level", "Level"),
    Column("message", "Message"),
)
