"""The routes by which tasks come in."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from json import dumps

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.errors import InvalidInput
from taskcore.models.task import check_name
from taskcore.web import require, require_login
from taskcore.web.problems import Problem

from lapinq.api.bodies import json_of
from lapinq.api.desk import desk_of
from lapinq.api.problems import too_large
from lapinq.orders import BATCH, Order

BATCH_SIZE = 100
"""A batch may have so many times the bytes of one task."""
KEY = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
"""The header of an answer about tasks that an earlier request has stored."""


async def enqueue(request: Request) -> Response:
    """Store a task; it is committed when this answers."""
    desk = desk_of(request)
    order = Order.from_json(await json_of(request, desk.settings.max_payload_size))
    by = _require(request, [order])
    if (key := request.headers.get(KEY)) is not None:
        order = replace(order, idempotency_key=key)
    placed = await desk.service.place(order)
    if placed.task is None:
        await desk.note_put(request, by, [])
        return JSONResponse({"task_id": None, "ttl_seconds": 0}, 201)
    if placed.created:
        desk.telemetry.put([(order, placed.task)])
        await desk.note_put(request, by, [str(placed.task)])
    return JSONResponse({"task_id": str(placed.task)}, 201, None if placed.created else {REPLAYED: "true"})


async def enqueue_batch(request: Request) -> Response:
    """Store up to 1,000 tasks in one commit, all or none."""
    desk = desk_of(request)
    most = desk.settings.max_payload_size
    found = await json_of(request, most * BATCH_SIZE)
    orders = _with_keys(_orders(found, most), request.headers.get(KEY))
    by = _require(request, orders)
    placed = await desk.service.place_each(orders)
    new = [(order, each.task) for order, each in zip(orders, placed, strict=True) if each.task and each.created]
    desk.telemetry.put(new)
    await desk.note_put(request, by, [str(task) for _, task in new])
    ids = [str(each.task) for each in placed if each.task]
    return JSONResponse({"task_ids": ids, "count": len(ids)}, 201, {REPLAYED: "true"} if ids and not new else None)


def _orders(found: object, most: int) -> Sequence[Order]:
    """The orders of a batch.

    Raises:
        Problem: 400, 413. InvalidInput: one of them is refused; the message says which.
    """
    if not isinstance(found, list):
        raise Problem(400, "body must be a JSON array")
    if len(found) > BATCH:
        raise Problem(400, f"batch limit is {BATCH} tasks")
    if any(isinstance(each, dict) and not each.get("task_name") for each in found):
        raise Problem(400, "each task must have a task_name")
    return [_order(place, each, most) for place, each in enumerate(found)]


def _order(place: int, found: object, most: int) -> Order:
    try:
        order = Order.from_json(found)
    except InvalidInput as error:
        raise Problem(400, f"task {place}: {error}") from None
    if len(dumps(found, separators=(",", ":"), ensure_ascii=False).encode()) > most:  # as clients send it at best
        raise too_large(most)
    return order


def _with_keys(orders: Sequence[Order], key: str | None) -> Sequence[Order]:
    """The orders of a batch that comes with a key: each has its own by its place, so that the batch can be repeated.

    Raises:
        InvalidInput: it is no key.
    """
    if key is None:
        return orders
    check_name("Idempotency-Key", key)
    return [
        order if order.idempotency_key is not None else replace(order, idempotency_key=f"{key} {place}")
        for place, order in enumerate(orders)
    ]


def _require(request: Request, orders: Iterable[Order]) -> Principal:
    """The caller, who may put tasks into each of the queues."""
    for queue in sorted({order.queue_name for order in orders}):
        require(request, Verb.ENQUEUE, Kind.QUEUE, queue)
    return require_login(request)


def routes(prefix: str) -> list[Route]:
    return [
        Route(f"{prefix}/enqueue", enqueue, methods=["POST"], name="task.put"),
        Route(f"{prefix}/enqueue/batch", enqueue_batch, methods=["POST"], name="task.put"),
    ]
