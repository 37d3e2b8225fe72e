"""Puts the application together."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from taskcore.metrics import HTTPMetrics
from taskcore.ui.apidocs import pages as apidocs
from taskcore.web.auditing import AuditWrites
from taskcore.web.stack import protected

from lapinq.api import (
    browsers,
    enqueue,
    fragments,
    health,
    keys,
    live,
    many,
    problems,
    queues,
    schedules,
    session,
    tasks,
    users,
    webhooks,
)
from lapinq.api.access import access_of
from lapinq.api.board import TellBoard
from lapinq.api.desk import Desk
from lapinq.api.gates import (
    WITHOUT_KEY,
    AuthMiddleware,
    DashboardAuthMiddleware,
    NoForeignPages,
    RateLimitMiddleware,
    SessionsAlone,
)
from lapinq.api.openapi import document as openapi
from lapinq.api.pages import Pages
from lapinq.api.running import Jobs, running
from lapinq.api.telemetry import SYSTEM
from lapinq.settings import Settings

PUBLIC = ("/health", "/metrics", "/livez", "/readyz", "/login", "/openapi.json", "/docs", "/redoc")
API = (enqueue, fragments, tasks, many, queues, schedules, webhooks, keys)
EXPOSED = ("X-Request-ID", "X-Total-Count", "Link", "Retry-After", enqueue.REPLAYED)


def application(settings: Settings, jobs: Jobs) -> Starlette:
    """The server. Its lifespan opens the database and runs ``jobs``; without lifespan, ``app.state.storage`` has to be
    set."""
    desk = Desk(settings)
    app = Starlette(
        routes=[
            *(route for part in API for route in part.routes(settings.api_prefix)),
            *session.routes(),
            *users.routes(),
            *live.routes(),
            *health.routes(desk),
            *browsers.routes(),
            *openapi.routes(),
            *apidocs.routes("Lapinq"),
        ],
        middleware=_middleware(desk),
        exception_handlers=problems.handlers(),
        lifespan=lambda _: running(desk, jobs),
    )
    app.state = desk.state
    app.state.desk = desk
    return app


def _middleware(desk: Desk) -> list[Middleware]:
    settings, access = desk.settings, access_of(desk)
    most = max(settings.max_payload_size * enqueue.BATCH_SIZE, 65_536)
    request_ids, *outer, authentication, _ = protected(access, render=problems.render, body_limit=most, public=PUBLIC)
    prefix, limit = settings.api_prefix, settings.rate_limit
    return [
        Middleware(HTTPMetrics, metrics=desk.telemetry.metrics, system=SYSTEM),
        Middleware(TellBoard, board=desk.board),
        request_ids,
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        ),
        *outer,
        Middleware(Pages, desk=desk),
        *([Middleware(RateLimitMiddleware, max_requests=limit, prefix=prefix)] if limit else []),
        Middleware(SessionsAlone),
        authentication,
        Middleware(AuditWrites, note=desk.note),
        Middleware(NoForeignPages, trusted=access.trusted_origins),
        Middleware(AuthMiddleware, prefix=prefix, **({} if settings.api_key else {"hint": WITHOUT_KEY})),
        Middleware(DashboardAuthMiddleware),
    ]
