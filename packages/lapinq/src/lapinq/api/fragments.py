"""Pieces of HTML with queues and tasks, for dashboards of people's own: from templates that escape all they show."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.redaction import Redactor
from taskcore.web import require

from lapinq.api.board import ROWS
from lapinq.api.desk import desk_of
from lapinq.api.queries import filter_of, limit_of
from lapinq.numbers import QueueStats
from lapinq.task import Task, ttl_remaining

SHOWN, IN_TITLE = 60, 1_000
"""Characters of a cell, and of what stands over it under the pointer."""
_SHOWN_COUNTS = (
    ("pending", "pending"),
    ("running", "running"),
    ("done", "completed"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
)
"""Words of the cards, and the statuses that they count."""
_REDACTOR = Redactor()


def cards(queues: Sequence[QueueStats], by: Principal) -> str:
    """A card for each queue that somebody may see."""
    found = [stats for stats in queues if _may(by, Verb.VIEW, stats.queue_name)]
    return rendered("cards.html", {"queues": found, "counts": _SHOWN_COUNTS})


def table(tasks: Sequence[Task], by: Principal, now: datetime) -> str:
    """A row for each task that somebody may see, with buttons for what they may do to it."""
    rows = [_row(task, by, now) for task in tasks if _may(by, Verb.VIEW, task.queue_name)]
    return rendered("table.html", {"rows": rows, "shown": SHOWN, "in_title": IN_TITLE})


def rendered(template: str, values: Mapping[str, object]) -> str:
    """A template of this package, with everything escaped that is text."""
    return _environment().get_template(template).render(values)


async def queues_html(request: Request) -> Response:
    """The cards of all queues."""
    by = require(request, Verb.VIEW)
    return HTMLResponse(cards(await desk_of(request).service.queues(), by))


async def tasks_html(request: Request) -> Response:
    """The newest tasks that meet the filters, as a table."""
    by = require(request, Verb.VIEW)
    service = desk_of(request).service
    page = await service.list(filter_of(request), limit=limit_of(request, ROWS))
    return HTMLResponse(table(page.items, by, await service.now()))


def routes(prefix: str) -> list[Route]:
    return [
        Route(f"{prefix}/queues/html", queues_html, methods=["GET"], name="queues.html"),
        Route(f"{prefix}/tasks/html", tasks_html, methods=["GET"], name="tasks.html"),
    ]


def _row(task: Task, by: Principal, now: datetime) -> Mapping[str, object]:
    return {
        "task": task,
        "args": _arguments(task),
        "result": "" if task.result is None else _text(_REDACTOR.document(task.result)),
        "error": "" if task.error is None else _REDACTOR.text(task.error),
        "ttl": ttl_remaining(task, now),
        "may_cancel": task.status == "pending" and _may(by, Verb.CANCEL, task.queue_name),
        "may_requeue": task.status == "failed" and _may(by, Verb.RETRY, task.queue_name),
    }


def _arguments(task: Task) -> str:
    args, kwargs = _REDACTOR(task.args), _REDACTOR(task.kwargs)
    positional = [_text(value) for value in args] if isinstance(args, list) else [str(args)]
    named = [f"{key}={_text(value)}" for key, value in kwargs.items()] if isinstance(kwargs, dict) else [str(kwargs)]
    return ", ".join((*positional, *named))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _may(by: Principal, verb: Verb, queue: str) -> bool:
    return by.may(verb, Kind.QUEUE, queue)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lapinq.api"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
