"""Rows of ``lapinq_scheduled_tasks`` as a form on a page has them, and back."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from taskcore.errors import InvalidInput
from taskcore.ui.models.forms import Field

from lapinq import documents
from lapinq.api.shown_schedules import row_of
from lapinq.errors import ScheduleNotFound
from lapinq.schedule_rows import ScheduleRows
from lapinq.service import Service
from lapinq.timing import COLUMNS
from lapinq.vocabulary import DEFAULT_RETRIES

FIELDS = (
    Field(name="module_path", label="Module", hint="Below the import roots, as in myapp.tasks.", required=True),
    Field(name="task_name", label="Function", required=True),
    Field(name="args", label="Arguments", hint='A JSON array, as in [1, "two"].', type="json"),
    Field(name="kwargs", label="Keyword arguments", hint="A JSON object.", type="json"),
    Field(name="priority", label="Priority", hint="Higher runs first.", type="number", value="0"),
    Field(name="max_retries", label="Executions at most", type="number", value=str(DEFAULT_RETRIES)),
    Field(name="retry_delay", label="Seconds between them", hint="Empty for 10.", type="number"),
    Field(name="ttl_seconds", label="Seconds to live", hint="Empty is for ever.", type="number"),
    Field(name="retry_backoff", label="Wait longer each time", type="flag", value="yes"),
    Field(name="enabled", label="Enabled", type="flag", value="yes"),
    Field(name="webhook_url", label="Webhook", hint="Told how each task ends.", type="url"),
    Field(name="metadata", label="Metadata", hint="A JSON object.", type="json"),
)


@dataclass(frozen=True, slots=True)
class ScheduleEditor:
    """The part of the dashboard by which schedules are written."""

    service: Service
    fields = FIELDS

    async def values(self, schedule: str) -> Mapping[str, str] | None:
        row = await row_of(self.service, schedule)
        if row is None:
            return None
        found = {name: _text(row[name]) for name in (*COLUMNS, *(field.name for field in FIELDS))}
        return {**found, "queue": row["queue_name"]}

    async def save(self, schedule: str | None, values: Mapping[str, str]) -> str | None:
        given = {name: _READ.get(name, _same)(name, text) for name, text in values.items() if name != "queue"}
        given["queue_name"] = values["queue"]
        rows = ScheduleRows(self.service)
        if schedule is None:
            return str((await rows.add(given))["id"])
        with suppress(ScheduleNotFound):
            if stored := await row_of(self.service, schedule):
                return str((await rows.change(stored["id"], given))["id"])
        return None


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else ""
        case None:
            return ""
        case list() | dict():
            return json.dumps(value, ensure_ascii=False) if value else ""
        case float():
            return f"{value:g}" if value == round(value) else str(value)
        case _:
            return str(value)


def _same(_: str, text: str) -> Any:
    return text


def _flag(_: str, text: str) -> bool:
    return bool(text)


def _maybe(_: str, text: str) -> str | None:
    return text or None


def _document(name: str, text: str) -> Any:
    if not text:
        return None
    try:
        return documents.load(text)
    except ValueError as error:
        raise InvalidInput(f"{name} must be JSON: {error}") from error


def _number(default: float | None) -> Callable[[str, str], float | None]:
    def read(name: str, text: str) -> float | None:
        try:
            return float(text) if text else default
        except ValueError:
            raise InvalidInput(f"{name} must be a number, got {text!r:.40}") from None

    return read


_READ: Mapping[str, Callable[[str, str], Any]] = {
    "args": _document,
    "kwargs": _document,
    "metadata": _document,
    "priority": _number(0),
    "max_retries": _number(DEFAULT_RETRIES),
    "retry_delay": _number(None),
    "ttl_seconds": _number(None),
    "grace": _number(60),
    "retry_backoff": _flag,
    "enabled": _flag,
    "webhook_url": _maybe,
}
"""How the text of a field becomes a value; others are text."""
