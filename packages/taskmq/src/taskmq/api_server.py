"""The API as an application to serve: ``taskmq serve-api``, or ``uvicorn taskmq.api_server:app``.

``app`` and ``JWT_SECRET`` are made when they are first asked for, from the environment as it is then. Without
``TASKMQ_JWT_SECRET`` the secret is a random one, so that nobody's tokens are good but those of ``create_token``.
"""

import logging
import os
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from taskcore.auth.principal import SYSTEM
from taskcore.errors import BadToken

from taskmq import jwt_secret, process_metrics, storage, worker
from taskmq.accounts import accounts_of
from taskmq.api.adding import add_job
from taskmq.api.app import create_app
from taskmq.api.bearer import CHALLENGE, FORBIDDEN, UNAUTHORIZED, CustomHTTPBearer, security
from taskmq.api.desk import Desk, SharedBackend, proxies_of
from taskmq.api.login import login
from taskmq.api.routes import STALE_SECONDS, cancel_job, get_job, health, retry_job
from taskmq.bridge import bridge
from taskmq.errors import NotSupported
from taskmq.storage.store_backend import StoreBackend
from taskmq.wiring import redis_server

__all__ = [
    "HEARTBEAT_PATH",
    "HEARTBEAT_TIMEOUT",
    "JWT_ALGO",
    "JWT_SECRET",
    "USERS_PATH",
    "CustomHTTPBearer",
    "add_job",
    "app",
    "cancel_job",
    "create_token",
    "decode_token",
    "get_backend",
    "get_current_user",
    "get_job",
    "health",
    "load_users",
    "login",
    "metrics_app",
    "queue_jobs_failed",
    "queue_jobs_retried",
    "queue_jobs_total",
    "queue_processing_duration_seconds",
    "require_role",
    "retry_job",
    "security",
]

JWT_SECRET: str
USERS_PATH: str
"""The file or server that has the users of the queue of this moment: the one that has its jobs."""
app: FastAPI

HEARTBEAT_PATH = worker.HEARTBEAT_PATH
HEARTBEAT_TIMEOUT = STALE_SECONDS
"""Seconds of silence after which ``/health`` calls workers not recently alive."""
MOST_USERS = 1_000

queue_jobs_total = process_metrics.JOBS_ADDED
queue_jobs_failed = process_metrics.JOBS_CANCELLED
queue_jobs_retried = process_metrics.JOBS_RETRIED
queue_processing_duration_seconds = process_metrics.PROCESSING

JWT_ALGO = "HS256"
TOKEN_LIFETIME = timedelta(hours=1)

get_backend = SharedBackend()
"""The queue of this process; looked up here at each request, so what replaces it is used."""

logger = logging.getLogger("taskmq.api")


def create_token(username: str, role: str) -> str:
    """A token that is good for an hour."""
    return _keys().tokens.create(username, role, lifetime=TOKEN_LIFETIME)


def decode_token(token: str) -> dict[str, Any]:
    """The claims of a good token.

    Raises:
        HTTPException: 401, it is not one.
    """
    try:
        return dict(_keys().tokens.verify(token).all)
    except BadToken:
        raise HTTPException(401, UNAUTHORIZED, headers=CHALLENGE) from None


def get_current_user(shown: Annotated[HTTPAuthorizationCredentials, Depends(security)]) -> dict[str, Any]:
    """The claims of the token that a request shows; a dependency for routes of your own.

    Raises:
        HTTPException: 401, there is no good one.
    """
    return decode_token(shown.credentials)


def require_role(roles: Collection[str]) -> Callable[..., dict[str, Any]]:
    """A dependency that lets in callers whose token has one of these roles, and answers its claims.

    What it returns raises ``HTTPException``: 401 without a good token, 403 with another role.
    """

    def check(user: Annotated[dict[str, Any], Depends(get_current_user)]) -> dict[str, Any]:
        role = user.get("role")
        if not isinstance(role, str) or role not in roles:
            raise HTTPException(403, FORBIDDEN)
        return user

    return check


def load_users() -> dict[str, dict[str, Any]]:
    """The users who may log in, by name, each with its role; of passwords nobody has more than a hash.

    Raises:
        StoreUnavailable: as the store's own ``open``. NotSupported: the queue keeps no users.
    """
    backend = get_backend()
    if not isinstance(backend, StoreBackend):
        raise NotSupported(f"{type(backend).__name__} keeps no users")
    return bridge.run(_users(backend))


async def _users(backend: StoreBackend) -> dict[str, dict[str, Any]]:
    async with accounts_of(backend, _keys().signing) as accounts:
        return {
            user.name: {"role": user.role}
            for user in await accounts.users.page(SYSTEM, limit=MOST_USERS)
            if user.enabled
        }


async def metrics_app(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that answers as ``GET /monitor/metrics`` does, to be mounted elsewhere."""
    desk: Desk = _app().state.desk
    accept = ",".join(Request(scope).headers.getlist("accept"))
    body, content_type = await desk.telemetry.exposition(desk.backends, accept)
    await Response(body, headers={"content-type": content_type})(scope, receive, send)


@cache
def _secret() -> str:
    if jwt_secret.VARIABLE in os.environ:
        return jwt_secret.secret_of(os.environ)
    logger.warning("%s is not set: a random secret is used, which no other process knows", jwt_secret.VARIABLE)
    return jwt_secret.new_secret()


@cache
def _keys() -> jwt_secret.Keys:
    return jwt_secret.keys_of(_secret(), os.environ)


@cache
def _app() -> FastAPI:
    return create_app(Desk(lambda: get_backend(), _keys(), proxies_of(os.environ)))


def _users_path() -> str:
    settings = storage.settings_now()
    return redis_server(settings.redis_url) if settings.backend == "redis" else str(Path(settings.db_path).absolute())


def __getattr__(name: str) -> Any:
    match name:
        case "app":
            return _app()
        case "JWT_SECRET":
            return _secret()
        case "USERS_PATH":
            return _users_path()
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
