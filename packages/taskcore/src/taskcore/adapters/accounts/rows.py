"""Rows of the tables as records, and back."""

from datetime import datetime
from typing import Any

from taskcore.adapters.grants import dump_grants, load_grants
from taskcore.auth.records import ApiKey, AuditEntry, NewApiKey, NewUser, Session, User, UserChange
from taskcore.auth.text import fold
from taskcore.clock import from_micros


def instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def user_of(row: Any) -> User:
    return User(
        id=row.id,
        name=row.name,
        password_hash=row.password_hash,
        role=row.role,
        grants=load_grants(row.grants),
        enabled=row.enabled,
        must_change_password=row.must_change_password,
        created_at=from_micros(row.created_at),
        last_login_at=instant(row.last_login_at),
        password_changed_at=instant(row.password_changed_at),
    )


def row_of_user(new: NewUser) -> dict[str, object]:
    return {
        "folded": fold(new.name),
        "name": new.name,
        "password_hash": new.password_hash,
        "role": new.role,
        "grants": dump_grants(new.grants),
        "enabled": new.enabled,
        "must_change_password": new.must_change_password,
    }


def row_of_change(change: UserChange, now: int) -> dict[str, object]:
    """The columns that change."""
    row: dict[str, object] = {name: value for name in change.__slots__ if (value := getattr(change, name)) is not None}
    if change.grants is not None:
        row["grants"] = dump_grants(change.grants)
    if change.password_hash is not None:
        row["password_changed_at"] = now
    return row


def session_of(row: Any) -> Session:
    return Session(
        digest=row.digest,
        user=row.user_id,
        created_at=from_micros(row.created_at),
        seen_at=from_micros(row.seen_at),
        expires_at=from_micros(row.expires_at),
        peer=row.peer,
        user_agent=row.user_agent,
    )


def key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        digest=row.digest,
        name=row.name,
        owner=row.owner,
        prefix=row.prefix,
        role=row.role,
        grants=load_grants(row.grants),
        created_at=from_micros(row.created_at),
        expires_at=instant(row.expires_at),
        last_used_at=instant(row.last_used_at),
        last_used_from=row.last_used_from,
        revoked_at=instant(row.revoked_at),
        replaces=row.replaces,
    )


def row_of_key(new: NewApiKey) -> dict[str, object]:
    names = ("digest", "name", "owner", "prefix", "role")
    return {name: getattr(new, name) for name in names} | {"grants": dump_grants(new.grants)}


def entry_of(row: Any) -> AuditEntry:
    fields = {name: getattr(row, name) for name in AuditEntry.__slots__}
    return AuditEntry(**fields | {"at": from_micros(row.at)})
