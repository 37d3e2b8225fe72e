"""Hashes of Redis as records, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from taskcore.adapters.grants import dump_grants, load_grants
from taskcore.auth.records import ApiKey, AuditEntry, NewApiKey, NewAuditEntry, NewSession, NewUser, Session, User
from taskcore.auth.text import fold
from taskcore.clock import from_micros

_MICROSECOND = timedelta(microseconds=1)
_DOCUMENT = ("actor", "action", "target", "via", "detail", "peer", "request_id")
"""The scripts look for the first three."""


def micros(span: timedelta) -> int:
    return span // _MICROSECOND


def flat(fields: Mapping[str, str]) -> Iterator[str]:
    """Fields and values, as HSET takes them."""
    for name, value in fields.items():
        yield from (name, value)


def fields_of(reply: Sequence[str]) -> dict[str, str]:
    """What HGETALL answers inside of a script."""
    return dict(zip(reply[::2], reply[1::2], strict=True))


def flag(value: bool) -> str:
    return "1" if value else ""


def _instant(text: str | None) -> datetime | None:
    return None if text is None else from_micros(int(text))


def user_fields(new: NewUser) -> dict[str, str]:
    return {
        "folded": fold(new.name),
        "name": new.name,
        "hash": new.password_hash,
        "role": new.role,
        "grants": dump_grants(new.grants),
        "enabled": flag(new.enabled),
        "must": flag(new.must_change_password),
    }


def user_of(user: str, fields: Mapping[str, str]) -> User:
    return User(
        id=user,
        name=fields["name"],
        password_hash=fields["hash"],
        role=fields["role"],
        grants=load_grants(fields["grants"]),
        enabled=fields["enabled"] == "1",
        must_change_password=fields["must"] == "1",
        created_at=from_micros(int(fields["created"])),
        last_login_at=_instant(fields.get("login")),
        password_changed_at=_instant(fields.get("changed")),
    )


def session_fields(new: NewSession) -> dict[str, str]:
    return {"peer": new.peer, "agent": new.user_agent}


def session_of(digest: str, fields: Mapping[str, str]) -> Session:
    return Session(
        digest=digest,
        user=fields["user"],
        created_at=from_micros(int(fields["created"])),
        seen_at=from_micros(int(fields["seen"])),
        expires_at=from_micros(int(fields["expires"])),
        peer=fields["peer"],
        user_agent=fields["agent"],
    )


def key_fields(new: NewApiKey) -> dict[str, str]:
    return {"name": new.name, "prefix": new.prefix, "role": new.role, "grants": dump_grants(new.grants)}


def key_of(key: str, fields: Mapping[str, str]) -> ApiKey:
    return ApiKey(
        id=key,
        digest=fields["digest"],
        name=fields["name"],
        owner=fields.get("owner"),
        prefix=fields["prefix"],
        role=fields["role"],
        grants=load_grants(fields["grants"]),
        created_at=from_micros(int(fields["created"])),
        expires_at=_instant(fields.get("expires")),
        last_used_at=_instant(fields.get("used")),
        last_used_from=fields.get("from"),
        revoked_at=_instant(fields.get("revoked")),
        replaces=fields.get("replaces"),
    )


def dump_entry(new: NewAuditEntry) -> str:
    return json.dumps([getattr(new, name) for name in _DOCUMENT], ensure_ascii=False)


def entry_of(entry: str, document: str) -> AuditEntry:
    """The id of an entry begins with its time."""
    fields = dict(zip(_DOCUMENT, json.loads(document), strict=True))
    return AuditEntry(id=entry, at=from_micros(int(entry.partition("-")[0])), **fields)
