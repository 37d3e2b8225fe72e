"""The middleware of a face, in the order in which each can rely on those above it."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from starlette.middleware import Middleware

from taskcore.web.access import Access
from taskcore.web.auth import Authentication
from taskcore.web.body import DEFAULT_LIMIT, BodyLimit
from taskcore.web.csrf import CrossSiteWrites
from taskcore.web.documents import StrictJSON
from taskcore.web.headers import SECURITY_HEADERS, SecurityHeaders
from taskcore.web.https import HTTPSOnly
from taskcore.web.paths import RefuseNul
from taskcore.web.problems import ProblemsMiddleware, Render, render_problem
from taskcore.web.proxies import ProxyHeaders, TrustedProxies
from taskcore.web.request_ids import RequestIds


def protected(
    access: Access | None,
    *,
    render: Render = render_problem,
    headers: Mapping[str, str] = SECURITY_HEADERS,
    body_limit: int = DEFAULT_LIMIT,
    public: Collection[str] = (),
    https_only: bool = False,
    hsts: timedelta | None = None,
) -> list[Middleware]:
    """For ``Starlette(middleware=...)`` or FastAPI's; pass ``exception_handlers(render)`` beside it.

    ``public`` are path prefixes that need nobody to be recognised.
    """
    return [
        Middleware(RequestIds),
        Middleware(ProxyHeaders, proxies=access.proxies if access else TrustedProxies()),
        Middleware(SecurityHeaders, headers=headers, hsts=hsts),
        Middleware(ProblemsMiddleware, render=render),  # below these: its answers have an id and headers as well
        *([Middleware(HTTPSOnly, exempt=("/livez", "/readyz"))] if https_only else []),
        Middleware(RefuseNul),
        Middleware(BodyLimit, limit=body_limit),
        Middleware(CrossSiteWrites, trusted=access.trusted_origins if access else ()),
        Middleware(Authentication, access=access, public=public),
        Middleware(StrictJSON),
    ]
