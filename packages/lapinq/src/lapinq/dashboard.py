"""Pieces of HTML for routes of people's own, from rows as ``lapinq.storage.Storage`` returns them.

They show how things are, and do nothing: the dashboard itself is what ``lapinq.server.create_app`` serves at ``/``.
Everything in them is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from starlette.responses import HTMLResponse
from taskcore.auth.principal import Principal

from lapinq.api import fragments
from lapinq.numbers import QueueStats
from lapinq.roles import USER, USER_ROLES
from lapinq.task import Task
from lapinq.vocabulary import STATUSES

__all__ = ["admin_users_page", "dashboard_page", "queues_html", "tasks_html"]

Row = Mapping[str, Any]

_READER = Principal(id="reader", name="reader", role=USER, grants=USER_ROLES[USER])


def queues_html(stats: Iterable[Row]) -> HTMLResponse:
    """A card for each row of ``queue_stats()``."""
    return HTMLResponse(_cards(stats))


def tasks_html(tasks: Iterable[Row]) -> HTMLResponse:
    """A table of rows of ``list_tasks()``."""
    return HTMLResponse(_table(tasks))


def dashboard_page(
    stats: Iterable[Row] | None = None,
    tasks: Iterable[Row] | None = None,
    current_user: Row | None = None,
    session_token: str = "",
) -> HTMLResponse:
    """A page with both.

    Args:
        current_user: is named on it: ``username`` and ``role``.
        session_token: is left out: whoever could run a script on the page would have it.
    """
    also = {"cards": Markup(_cards(stats or ())), "table": Markup(_table(tasks or ())), "user": current_user}  # noqa: S704
    return HTMLResponse(fragments.rendered("snapshot.html", also))


def admin_users_page(users: Sequence[Row], queues: Sequence[str]) -> HTMLResponse:
    """A page with the rows of ``list_users()``, and the names of queues that could be granted."""
    return HTMLResponse(fragments.rendered("users.html", {"users": users, "queues": queues}))


def _cards(stats: Iterable[Row]) -> str:
    queues = [
        QueueStats(queue_name=row["queue_name"], counts={word: row.get(word, 0) for word in STATUSES}) for row in stats
    ]
    return fragments.cards(queues, _READER)


def _table(tasks: Iterable[Row]) -> str:
    return fragments.table([Task(**row) for row in tasks], _READER, datetime.now(UTC))
