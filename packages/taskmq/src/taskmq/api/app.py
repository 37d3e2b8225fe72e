"""Puts the application together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from taskcore.metrics import HTTPMetrics
from taskcore.ui.apidocs import pages as apidocs
from taskcore.web.methods import HeadByGet
from taskcore.web.stack import protected

from taskmq import __version__, payload
from taskmq.api import adding, dead, fleet, jobs, login, many, problems, queues, routes, schedules
from taskmq.api.callers import StrangersFirst, token_access
from taskmq.api.dashboard import DashboardMount
from taskmq.api.desk import Desk

BODY_LIMIT = 2 * payload.MAX_BYTES
"""A payload of the greatest size fits in, with every other character escaped."""
OPEN_TO_ALL = ("/dashboard", "/docs", "/redoc", "/openapi.json", "/health", "/login", "/monitor/metrics")
"""What needs no token: the dashboard has a door of its own."""
FOR_TOKENS = (
    *("/add-job", "/cancel", "/retry", "/job/"),
    *("/jobs", "/dead", "/queues", "/schedules", "/workers", "/statistics"),
)


def create_app(desk: Desk) -> FastAPI:
    """The REST API, its documentation, its metrics, and the dashboard below ``/dashboard``."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with desk.telemetry.running():
            yield
        await desk.close()

    app = FastAPI(
        title="TaskMQ",
        version=__version__,
        description="Job management of a durable queue.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=_middleware(desk),
        exception_handlers=problems.handlers(),
    )
    app.state.desk = desk
    adding.add_route(app)
    for each in (routes, login, many, jobs, dead, queues, schedules, fleet):
        app.include_router(each.router)
    app.routes.extend(apidocs.routes(app.title))
    app.mount("/dashboard", DashboardMount(desk), name="dashboard")
    return app


def _middleware(desk: Desk) -> list[Middleware]:
    access = token_access(desk.tokens, desk.proxies)
    *outer, json = protected(access, render=problems.render, body_limit=BODY_LIMIT, public=OPEN_TO_ALL)
    return [
        Middleware(HTTPMetrics, metrics=desk.telemetry.metrics, system="taskmq"),
        *outer,
        Middleware(StrangersFirst, paths=FOR_TOKENS),
        json,
        Middleware(HeadByGet),
    ]
