"""The routes that change every task which meets a filter. With ``dry_run=true`` they only say how many these are."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.web import require
from taskcore.web.auditing import audited

from lapinq import bulk
from lapinq.api.desk import desk_of
from lapinq.api.queries import flag_of, strict_filter_of
from lapinq.service import Service
from lapinq.tables import Filter
from lapinq.vocabulary import STATUSES

Change = Callable[[Service, Filter], Awaitable[int]]


async def delete(request: Request) -> Response:
    """Remove tasks, whatever their status."""
    return await _change(request, Verb.DELETE, "deleted", STATUSES, _deleted)


async def requeue(request: Request) -> Response:
    """Make failed tasks pending again."""
    return await _change(request, Verb.RETRY, "requeued", bulk.REQUEUED, bulk.requeue)


async def cancel(request: Request) -> Response:
    """Cancel pending tasks, or those that run."""
    return await _change(request, Verb.CANCEL, "cancelled", bulk.CANCELLED, bulk.cancel)


async def _change(request: Request, verb: Verb, word: str, statuses: Sequence[str], change: Change) -> Response:
    desk, wanted = desk_of(request), strict_filter_of(request, also=("all", "dry_run"))
    by = require(request, verb, Kind.QUEUE, wanted.queue or "")
    bulk.check_not_empty(wanted, everything=flag_of(request, "all"))
    if not flag_of(request, "dry_run"):
        changed = await change(desk.service, wanted)
        await desk.note_done(request, by, f"tasks:{bulk.words(wanted)}", f"{changed} {word}")
        return JSONResponse({word: changed})
    audited(request)  # nothing was done
    if statuses is not STATUSES:
        wanted = bulk.of_status(wanted, statuses)
    return JSONResponse({word: 0, f"would_be_{word}": await desk.service.count(wanted), "dry_run": True})


async def _deleted(service: Service, wanted: Filter) -> int:
    return await service.delete(wanted, everything=True)


def routes(prefix: str) -> list[Route]:
    return [
        Route(f"{prefix}/tasks", delete, methods=["DELETE"], name="tasks.delete"),
        Route(f"{prefix}/tasks/requeue", requeue, methods=["POST"], name="tasks.retry"),
        Route(f"{prefix}/tasks/cancel", cancel, methods=["POST"], name="tasks.cancel"),
    ]
