"""The API as an application to serve: ``taskmq serve-api``, or ``uvicorn taskmq.api_server:app``.

``app`` and ``JWT_SECRET`` are made when they are first asked for, from the environment as it is then. Without
``TASKMQ_JWT_SECRET`` the secret is a random one, so that nobody's tokens are good but those of ``create_token``.
"""

import logging
import os
from datetime import timedelta
from functools import cache
from typing import Any

from fastapi import FastAPI, HTTPException
from taskcore.errors import BadToken

from taskmq import jwt_secret
from taskmq.api.adding import add_job
from taskmq.api.app import create_app
from taskmq.api.desk import Desk, SharedBackend, proxies_of
from taskmq.api.login import login
from taskmq.api.routes import cancel_job, get_job, health, retry_job

__all__ = [
    "JWT_ALGO",
    "JWT_SECRET",
    "add_job",
    "app",
    "cancel_job",
    "create_token",
    "decode_token",
    "get_backend",
    "get_job",
    "health",
    "login",
    "retry_job",
]

JWT_SECRET: str
app: FastAPI

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
        headers = {"WWW-Authenticate": "Bearer"}
        raise HTTPException(401, "Invalid or missing token", headers=headers) from None


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


def __getattr__(name: str) -> Any:
    match name:
        case "app":
            return _app()
        case "JWT_SECRET":
            return _secret()
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
