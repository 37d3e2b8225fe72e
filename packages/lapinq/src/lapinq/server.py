"""The server: ``create_app`` makes it, as an ASGI application."""

import os

from starlette.applications import Starlette
from taskcore.web.request_ids import RequestIds as RequestIDMiddleware

from lapinq.accounts import SESSION_LASTS
from lapinq.api.access import COOKIE
from lapinq.api.app import application
from lapinq.api.browsers import FAVICON_PATH
from lapinq.api.running import Jobs
from lapinq.middleware import AuthMiddleware, DashboardAuthMiddleware, RateLimitMiddleware
from lapinq.settings import DEFAULT_DATABASE_URL, Settings

__all__ = [
    "API_PREFIX",
    "FAVICON_PATH",
    "MAX_PAYLOAD_SIZE",
    "SESSION_COOKIE",
    "SESSION_MAX_AGE",
    "AuthMiddleware",
    "DashboardAuthMiddleware",
    "RateLimitMiddleware",
    "RequestIDMiddleware",
    "create_app",
]

_DEFAULT = Settings()
API_PREFIX = _DEFAULT.api_prefix
MAX_PAYLOAD_SIZE = _DEFAULT.max_payload_size
SESSION_COOKIE = COOKIE.name
SESSION_MAX_AGE = int(SESSION_LASTS.total_seconds())


def create_app(
    database_url: str = DEFAULT_DATABASE_URL,
    api_key: str | None = None,
    session_secret: str | None = None,
    rate_limit: int = 0,
    worker: bool = False,
    worker_concurrency: int = 4,
    worker_poll_interval: float = 0.1,
    worker_timeout: float = 300,
    cleanup_interval: float = 0,
    archive_max_age_days: float = 0,
    archive_interval: float = 86_400,
    scheduler: bool = False,
    scheduler_interval: float = 60.0,
    *,
    insecure: bool = False,
    webhook_allow_private: bool = False,
) -> Starlette:
    """The server, as an ASGI application: REST API, users, metrics, and on request a worker and a scheduler inside.

    What is left at its default may be said by the environment, as ``LAPINQ_API_KEY``; see ``lapinq.settings``. The
    database is opened by the lifespan. An application without lifespan needs ``app.state.storage``.

    Args:
        api_key: what callers show as ``X-API-Key``. Without one only programs on this machine are answered, unless
            ``insecure`` is said.
        session_secret: signs session cookies; made up when it is empty, so that sessions end with the process.
        rate_limit: requests a minute and address to the API; 0 is no limit.
        worker_timeout: seconds of one execution of a task.
        cleanup_interval: seconds between two sweeps of tasks whose time to live is over; 0 makes none.
        archive_max_age_days: finished tasks that are older are removed, every ``archive_interval`` seconds; 0 keeps
            them.
        scheduler_interval: seconds between two looks for what is due, at the most.
        webhook_allow_private: let webhooks go to this machine and its network.

    Raises:
        InvalidInput: an argument or a variable has no such value.
    """
    settings = Settings.from_env(
        os.environ,
        database_url=None if database_url == DEFAULT_DATABASE_URL else database_url,
        api_key=api_key or None,
        session_secret=session_secret or None,
        rate_limit=rate_limit or None,
        insecure=insecure or None,
        webhook_allow_private=webhook_allow_private or None,
    )
    jobs = Jobs(
        worker_concurrency=worker_concurrency if worker else 0,
        worker_poll_interval=worker_poll_interval,
        worker_timeout=worker_timeout,
        cleanup_interval=cleanup_interval,
        archive_max_age_days=archive_max_age_days,
        archive_interval=archive_interval,
        scheduler_interval=scheduler_interval if scheduler else 0,
    )
    return application(settings, jobs)
