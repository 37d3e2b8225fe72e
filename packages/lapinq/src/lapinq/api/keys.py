"""The routes of API keys: users manage their own, admins all."""

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.accounts import Accounts
from taskcore.auth.keys import GRACE, IssuedKey
from taskcore.auth.permissions import Verb
from taskcore.auth.principal import Principal
from taskcore.web import require_login
from taskcore.web.auditing import audited
from taskcore.web.auth import origin_of

from lapinq import keys
from lapinq.api.bodies import grace_of, object_of, options_of
from lapinq.api.desk import desk_of
from lapinq.api.queries import limit_of

MAX_GRACE = timedelta(days=30)


async def list_keys(request: Request) -> Response:
    """Keys, the newest first: those of the caller, or of all for an admin."""
    by, accounts = await _asked(request)
    owner = None if by.may(Verb.ADMIN) else by.id
    after = request.query_params.get("after") or None
    found = await accounts.keys.page(by, owner=owner, after=after, limit=limit_of(request, 100))
    return JSONResponse([keys.document(key, datetime.now(UTC)) for key in found])


async def create(request: Request) -> Response:
    """Make a key. Its text is in the answer, and nowhere else."""
    by, accounts = await _asked(request)
    owner = by.id if by.via == "session" else None  # so that it ends with its maker's account
    issued = await keys.issue(accounts, by, await object_of(request), owner=owner, origin=origin_of(request))
    return _shown(issued)


async def rotate(request: Request) -> Response:
    """Make a key with the same rights; the old one is good for a while."""
    by, accounts = await _asked(request)
    grace = grace_of(await options_of(request), GRACE, MAX_GRACE)
    issued = await accounts.keys.rotate(by, request.path_params["key"], grace=grace, origin=origin_of(request))
    return _shown(issued)


async def revoke(request: Request) -> Response:
    """End a key at once."""
    by, accounts = await _asked(request)
    await accounts.keys.revoke(by, request.path_params["key"], origin=origin_of(request))
    return JSONResponse({"status": "revoked"})


async def _asked(request: Request) -> tuple[Principal, Accounts]:
    """The caller, and the accounts, which note what is done to keys."""
    audited(request)
    return require_login(request), await desk_of(request).accounts()


def _shown(issued: IssuedKey) -> Response:
    found = {**keys.document(issued.key, issued.key.created_at), "key": issued.text}
    return JSONResponse(found, 201, headers={"Cache-Control": "no-store"})


def routes(prefix: str) -> list[Route]:
    one = f"{prefix}/keys/{{key}}"
    return [
        Route(f"{prefix}/keys", list_keys, methods=["GET"], name="keys"),
        Route(f"{prefix}/keys", create, methods=["POST"], name="key.create"),
        Route(f"{one}/rotate", rotate, methods=["POST"], name="key.rotate"),
        Route(one, revoke, methods=["DELETE"], name="key.revoke"),
    ]
