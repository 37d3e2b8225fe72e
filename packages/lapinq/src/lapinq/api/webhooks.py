"""The routes of webhooks: what became of them, who takes them, and what they are signed with."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.web import require, require_login
from taskcore.web.paging import page_headers
from taskcore.web.problems import Problem

from lapinq.api.bodies import grace_of, object_of, options_of
from lapinq.api.desk import desk_of
from lapinq.api.queries import cursor_of, flag_of, limit_of, task_id
from lapinq.api.tasks import require_sight
from lapinq.webhooks.deliveries import Deliveries
from lapinq.webhooks.entries import DeliveryFilter, Entry
from lapinq.webhooks.outbox import endpoint_of
from lapinq.webhooks.secrets import GRACE, MAX_GRACE

BULK_FILTERS = ("endpoint", "task", "queue")


async def list_webhooks(request: Request) -> Response:
    """The deliveries about a task, with the attempts to make them."""
    await require_sight(request)
    found = await desk_of(request).service.webhooks(task_id(request))
    return JSONResponse([delivery.document() for delivery in found])


async def replay(request: Request) -> Response:
    """Deliver again what was delivered, or was given up."""
    service, task = desk_of(request).service, task_id(request)
    await require_sight(request)
    require(request, Verb.RETRY, Kind.QUEUE, (await service.get(task)).queue_name)
    await service.redeliver(task, request.path_params["delivery"])
    return JSONResponse({"status": "requeued"})


async def list_deliveries(request: Request) -> Response:
    """One page of the log of deliveries, the newest first."""
    require(request, Verb.VIEW, Kind.QUEUE, request.query_params.get("queue") or "")
    wanted = await _filter(request)
    page = await _deliveries(request).log.page(wanted, limit=limit_of(request), cursor=cursor_of(request))
    headers = page_headers(request, next_cursor=page.next_cursor)
    return JSONResponse([entry.document() for entry in page.items], headers=dict(headers))


async def replay_all(request: Request) -> Response:
    """Deliver again whatever meets the filters and was given up."""
    by = require(request, Verb.RETRY, Kind.QUEUE, request.query_params.get("queue") or "")
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in (*BULK_FILTERS, "all") or names.count(name) > 1:
            raise Problem(400, f"{name[:80]!r} must be one of {', '.join(BULK_FILTERS)}, all, and be given once")
    wanted = await _filter(request)
    if wanted.is_empty and not flag_of(request, "all"):
        raise Problem(400, "name at least one filter, or all=true for every webhook that was given up")
    made = await _deliveries(request).again_all(wanted)
    said = {**request.query_params, "endpoint": endpoint_of(request.query_params.get("endpoint", ""))}
    told = " ".join(f"{name}={said[name]}" for name in BULK_FILTERS if said.get(name))
    await desk_of(request).note_done(request, by, f"webhooks:{told or 'all'}", f"{made} requeued")
    return JSONResponse({"requeued": made})


async def get_delivery(request: Request) -> Response:
    """One delivery, with what it said and the attempts to make it."""
    entry = await _entry(request, Verb.VIEW)
    found = await _deliveries(request).get(entry.id)
    if found is None:
        raise _gone()
    entry, delivery = found
    return JSONResponse(
        {**entry.document(), "body": delivery.body, "tries": [each.document() for each in delivery.tries]}
    )


async def replay_delivery(request: Request) -> Response:
    """Deliver again what was delivered, or was given up."""
    entry = await _entry(request, Verb.RETRY)
    if not await _deliveries(request).again(entry.id):
        raise Problem(409, "the delivery is under way already")
    return JSONResponse({"status": "requeued"})


async def list_receivers(request: Request) -> Response:
    """Where deliveries of late went, those that fail first."""
    require(request, Verb.VIEW)
    return JSONResponse([receiver.document() for receiver in await _deliveries(request).log.receivers()])


async def forgive(request: Request) -> Response:
    """Believe in a receiver again that did not answer."""
    by = require(request, Verb.RETRY)
    url = (await object_of(request)).get("url")
    if not isinstance(url, str) or not url.isprintable():
        raise Problem(400, "url is required: that of a receiver")
    if not await _deliveries(request).endpoints.forgive(url):
        raise Problem(404, "no such receiver has failed of late")
    await desk_of(request).note_done(request, by, f"endpoint:{endpoint_of(url)}", "closed")
    return JSONResponse({"status": "closed"})


async def list_secrets(request: Request) -> Response:
    """What webhooks are signed with: never the secrets themselves."""
    require(request, Verb.ADMIN)
    return JSONResponse([secret.document() for secret in await _deliveries(request).secrets.list()])


async def rotate(request: Request) -> Response:
    """Make a secret; those of before go on for a while. Its text is in the answer, and nowhere else."""
    by = require(request, Verb.ADMIN)
    grace = grace_of(await options_of(request), GRACE, MAX_GRACE)
    made, text = await _deliveries(request).secrets.rotate(grace)
    detail = f"{made.fingerprint}; those of before end in {grace.total_seconds():g} s"
    await desk_of(request).note_done(request, by, f"secret:{made.id}", detail)
    return JSONResponse({**made.document(), "secret": text}, 201, headers={"Cache-Control": "no-store"})


async def end_secret(request: Request) -> Response:
    """Let a secret sign no more."""
    require(request, Verb.ADMIN)
    try:
        secret = UUID(request.path_params["secret"])
    except ValueError:
        raise Problem(400, "invalid secret id") from None
    if not await _deliveries(request).secrets.end(secret):
        raise Problem(404, "no such secret")
    return JSONResponse({"status": "ended"})


def _deliveries(request: Request) -> Deliveries:
    return desk_of(request).service.deliveries


async def _filter(request: Request) -> DeliveryFilter:
    """Which deliveries are asked for."""
    query = request.query_params
    queue = query.get("queue") or None
    return DeliveryFilter(
        status=query.get("status") or None,
        endpoint=query.get("endpoint") or None,
        task=await _core_id(request, query.get("task") or None),
        queues=None if queue is None else frozenset({queue}),
    )


async def _core_id(request: Request, task: str | None) -> str | None:
    """The core's id of a task.

    Raises:
        Problem: 400, it is no id.
    """
    try:
        id_ = None if task is None else UUID(task)
    except ValueError:
        raise Problem(400, "invalid task id") from None
    return None if id_ is None else (await desk_of(request).service.tables.task_ids([id_]))[id_]


async def _entry(request: Request, verb: Verb) -> Entry:
    """The delivery in the path, if the caller may do this to the queue of its task.

    Raises:
        Problem: 404, there is none that the caller may see; 403, they may not do this.
    """
    by = require_login(request)
    entry = await _deliveries(request).log.get(request.path_params["delivery"])
    if entry is None or not by.may(Verb.VIEW, Kind.QUEUE, entry.queue or ""):
        raise _gone()
    require(request, verb, Kind.QUEUE, entry.queue or "")
    return entry


def _gone() -> Problem:
    return Problem(404, "delivery not found")


def routes(prefix: str) -> list[Route]:
    of_task, all_ = f"{prefix}/tasks/{{id}}/webhooks", f"{prefix}/webhooks"
    one, secrets = f"{all_}/deliveries/{{delivery}}", f"{all_}/secrets"
    return [
        Route(of_task, list_webhooks, methods=["GET"], name="task.webhooks"),
        Route(f"{of_task}/{{delivery}}/replay", replay, methods=["POST"], name="webhook.replay"),
        Route(f"{all_}/deliveries", list_deliveries, methods=["GET"], name="webhooks"),
        Route(f"{all_}/deliveries/replay", replay_all, methods=["POST"], name="webhooks.replay"),
        Route(one, get_delivery, methods=["GET"], name="webhook"),
        Route(f"{one}/replay", replay_delivery, methods=["POST"], name="webhook.replay"),
        Route(f"{all_}/endpoints", list_receivers, methods=["GET"], name="webhook.endpoints"),
        Route(f"{all_}/endpoints/close", forgive, methods=["POST"], name="webhook.close"),
        Route(secrets, list_secrets, methods=["GET"], name="webhook.secrets"),
        Route(secrets, rotate, methods=["POST"], name="webhook.rotate"),
        Route(f"{secrets}/{{secret}}", end_secret, methods=["DELETE"], name="webhook.end"),
    ]
