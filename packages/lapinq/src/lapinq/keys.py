"""API keys: what makes one, and how it is told of. ``Accounts.keys`` keeps them, as digests; a key is shown once.

Programs show it as ``X-API-Key``, or as ``Authorization: Bearer``.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import HERE, Origin
from taskcore.auth.keys import IssuedKey
from taskcore.auth.principal import Principal
from taskcore.auth.records import ApiKey
from taskcore.errors import InvalidInput

from lapinq.roles import KEY_GRANTED, key_grants, permissions_of

MOST_DAYS = 36_525.0


async def issue(
    accounts: Accounts, by: Principal, given: Mapping[str, Any], *, owner: str | None = None, origin: Origin = HERE
) -> IssuedKey:
    """Make the key that a JSON object describes: its ``name``, its ``role`` ("user" reads, "admin" may do everything,
    none brings nothing), ``permissions`` as of ``lapinq.roles.key_grants``, and ``expires_in_days``.

    Args:
        owner: id of the user whose key it is: it ends with their account, and may never do more than they may.

    Raises:
        InvalidInput: a value is not allowed. NotAllowed: ``by`` may not make this one. AccountNotFound: no such owner.
    """
    name, role, permissions = given.get("name"), given.get("role") or "", given.get("permissions") or {}
    if not isinstance(name, str) or not isinstance(role, str):
        raise InvalidInput("name and role of a key must be text")
    grants = key_grants(permissions)
    if not role and not grants:
        raise InvalidInput("a key needs a role, or permissions on a queue; without any it is good for nothing")
    lifetime = _lifetime(given.get("expires_in_days"))
    return await accounts.keys.create(by, name, role=role, grants=grants, owner=owner, lifetime=lifetime, origin=origin)


def document(key: ApiKey, now: datetime) -> dict[str, Any]:
    """A key in JSON. There is no secret in it: ``prefix`` is its beginning, by which people recognise it."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "state": state_of(key, now),
        "owner": key.owner,
        "role": key.role,
        "permissions": permissions_of(key.grants, KEY_GRANTED),
        "created_at": _text(key.created_at),
        "expires_at": _text(key.expires_at),
        "last_used_at": _text(key.last_used_at),
        "last_used_from": key.last_used_from or None,
        "revoked_at": _text(key.revoked_at),
    }


def state_of(key: ApiKey, now: datetime) -> str:
    """ "active", "expired" or "revoked"."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def _lifetime(days: object) -> timedelta | None:
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= MOST_DAYS:
        raise InvalidInput(f"expires_in_days must be a number above 0, at most {MOST_DAYS:g}, got {days!r:.40}")
    return timedelta(days=days)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
