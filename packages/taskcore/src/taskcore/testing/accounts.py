"""Sample users, sessions, keys and audit entries."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from taskcore.auth.permissions import ADMIN
from taskcore.auth.records import NewApiKey, NewAuditEntry, NewSession, NewUser, User

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

NOT_STORABLE = ("a\0b", "\ud800", "\0")
"""Text that some database cannot hold."""
HOSTILE = (
    'it\'s "quoted" `ticked` \\ %s %(x)s :name {0} $1 ?',
    "'; DROP TABLE taskcore_users; --",
    "<script>alert(1)</script>",
    "🦊 Ünïcødé 用户 \u202e\u200b",
    "tab\tline\nfeed\r\x7f\x1b[31m",
    "space at the end ",
    "x" * 10_000,
    "🦊" * 10_000,
    "",
)
"""Text that every store must give back as it is, but for what is longer than its field."""


def digest_of(secret: str) -> str:
    """What a store knows of a secret."""
    return sha256(secret.encode()).hexdigest()


def a_user(name: str = "eve", **fields: Any) -> NewUser:
    """A viewer whose password is unknown."""
    fields.setdefault("password_hash", f"hash of {name}")
    return NewUser(name=name, **fields)


def an_admin(name: str = "root", **fields: Any) -> NewUser:
    return a_user(name, role=ADMIN, **fields)


def a_login(user: User | str, secret: str = "cookie", **fields: Any) -> NewSession:
    """A session of ``user`` that is good for a day."""
    fields.setdefault("lifetime", DAY)
    return NewSession(digest=digest_of(secret), user=user if isinstance(user, str) else user.id, **fields)


def a_key(secret: str = "key", **fields: Any) -> NewApiKey:
    """A key that does not expire."""
    fields.setdefault("name", f"for {secret}"[:40])
    return NewApiKey(digest=digest_of(secret), **fields)


def an_entry(action: str = "user.create", **fields: Any) -> NewAuditEntry:
    fields.setdefault("actor", "root")
    return NewAuditEntry(action=action, **fields)
