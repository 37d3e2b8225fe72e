"""Routes about who works, and how much was done."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from taskcore.auth.permissions import Verb
from taskcore.ports import StatisticsStore, WorkerRegistry
from taskcore.ui.stores.series import StoreSeries
from taskcore.ui.stores.workers import StoreWorkers

from taskmq.api.answers import answers
from taskmq.api.callers import may
from taskmq.api.injected import Store
from taskmq.api.schemas.many import Name
from taskmq.api.schemas.queues import WorkerShown
from taskmq.api.schemas.statistics import StatisticsShown
from taskmq.errors import NotSupported

router = APIRouter(tags=["statistics"])

BY_MINUTE = 3
"""Hours that are told by minute; more are told by hour."""
MOST_HOURS = 720

VIEW = [may(Verb.VIEW)]


@router.get("/workers", dependencies=VIEW, summary="List workers", responses=answers(401, 403, 501))
async def list_workers(store: Store) -> list[WorkerShown]:
    """Every worker that is remembered, with the jobs that it runs."""
    if not isinstance(store, WorkerRegistry):
        raise NotSupported(f"{type(store).__name__} does not know its workers")
    return [WorkerShown.of(row) for row in await StoreWorkers(store, store).list()]


@router.get("/statistics", dependencies=VIEW, summary="Read statistics", responses=answers(401, 403, 422, 501))
async def read_statistics(
    store: Store,
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 1,
    queue: Name | None = None,
    handler: Name | None = None,
) -> StatisticsShown:
    """What happened in the last hours, by minute for up to three of them, else by hour."""
    if not isinstance(store, StatisticsStore):
        raise NotSupported(f"{type(store).__name__} keeps no statistics")
    now = await store.now()
    step = timedelta(minutes=1) if hours <= BY_MINUTE else timedelta(hours=1)
    since = now - timedelta(hours=hours)
    return StatisticsShown.of(await StoreSeries(store).series(since, now, step, queue=queue, name=handler))
