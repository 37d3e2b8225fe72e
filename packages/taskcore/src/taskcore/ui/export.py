"""Tasks as files, written row by row. Nothing in a file is ever taken for a formula."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from taskcore.redaction import Redactor
from taskcore.ui.models.tasks import TaskRow
from taskcore.ui.plain import plain

COLUMNS = (
    "id",
    "name",
    "state",
    "queue",
    "priority",
    "attempt",
    "created_at",
    "run_at",
    "started_at",
    "finished_at",
    "wait_seconds",
    "duration_seconds",
    "worker",
    "args",
    "error_type",
    "error_message",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel takes the wide ones too

Written = AsyncIterator[str]


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file."""

    media_type: str
    write: Callable[[AsyncIterator[TaskRow], Redactor], Written]


def cell(value: object) -> object:
    """``value`` for a spreadsheet: text that would be taken for a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def record(row: TaskRow, redactor: Redactor) -> Mapping[str, object]:
    """The columns of one task, without secrets."""
    error = row.error
    values: Mapping[str, object] = {
        "id": row.id,
        "name": row.name,
        "state": row.phase.value,
        "queue": row.queue,
        "priority": row.priority,
        "attempt": row.attempt,
        "created_at": row.created_at,
        "run_at": row.run_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "wait_seconds": row.wait,
        "duration_seconds": row.duration,
        "worker": row.worker,
        "error_type": error.type if error else None,
        "error_message": redactor.text(error.message) if error else None,
    }
    return {name: plain(values[name]) if name != "args" else plain(redactor(row.args)) for name in COLUMNS}


async def csv_lines(rows: AsyncIterator[TaskRow], redactor: Redactor) -> Written:
    """RFC 4180, with a heading."""
    yield _line(COLUMNS)
    async for row in rows:
        values = record(row, redactor)
        args = json.dumps(values["args"], ensure_ascii=False)
        yield _line([cell(args if name == "args" else value) for name, value in values.items()])


async def json_lines(rows: AsyncIterator[TaskRow], redactor: Redactor) -> Written:
    """One array."""
    lead = "[\n"
    async for row in rows:
        yield lead + json.dumps(record(row, redactor), ensure_ascii=False)
        lead = ",\n"
    yield "[]\n" if lead == "[\n" else "\n]\n"


FORMS: Mapping[str, Form] = {
    "csv": Form("text/csv; charset=utf-8", csv_lines),
    "json": Form("application/json", json_lines),
}


def headers(name: str) -> Mapping[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def query(pairs: Sequence[tuple[str, str]]) -> str:
    """``pairs`` as the query of an address."""
    return "?" + urlencode(pairs, errors="replace") if pairs else ""


def _line(values: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(values)
    return written.getvalue()
