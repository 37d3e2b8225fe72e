"""Who is known and what was done, as stores keep it; frozen values.

Digests are what is left of secrets: a session or a key is found by the digest of what its bearer shows, and no store
ever sees more of it. What a client may have written (names of failed logins, user agents) is cut and cleaned here, so
that hostile text is stored and shown like any other, and no store has to refuse it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskcore.auth.permissions import ADMIN, VIEWER, Grant
from taskcore.auth.text import MAX_DETAIL, check_digest, check_hash, check_role, check_user_name, clean
from taskcore.clock import aware
from taskcore.errors import InvalidInput

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be. ``password_hash`` is in the form of its own algorithm; "" is a user whom no password lets in.

    Raises:
        InvalidInput: the name is none that a user may have, or the role or the hash are none.
    """

    name: str
    password_hash: str = field(repr=False)
    role: str = VIEWER
    grants: tuple[Grant, ...] = ()
    enabled: bool = True
    must_change_password: bool = False

    def __post_init__(self) -> None:
        check_user_name(self.name)
        check_hash(self.password_hash)
        check_role(self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in.

    Attributes:
        id: given by the store, sorts by the time of creation, and is never used again.
        name: as it was written; no other user's name folds to the same.
        role: one of the face's roles; ``admin`` may do everything.
        grants: what they may do beside what the role brings.
        must_change_password: the password was chosen by somebody else.
        password_changed_at: None while it is the first one.
    """

    id: str
    name: str
    password_hash: str = field(repr=False)
    role: str
    grants: tuple[Grant, ...] = ()
    enabled: bool = True
    must_change_password: bool = False
    created_at: datetime
    last_login_at: datetime | None = None
    password_changed_at: datetime | None = None

    @property
    def is_admin(self) -> bool:
        """Whether they count when a store makes sure that one admin is left."""
        return self.enabled and self.role == ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What changes of a user; None leaves it as it is.

    Raises:
        InvalidInput: the role or the hash are none.
    """

    role: str | None = None
    grants: tuple[Grant, ...] | None = None
    enabled: bool | None = None
    password_hash: str | None = field(default=None, repr=False)
    must_change_password: bool | None = None

    def __post_init__(self) -> None:
        if self.role is not None:
            check_role(self.role)
        if self.password_hash is not None:
            check_hash(self.password_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A login that succeeded.

    Attributes:
        digest: of the secret in the cookie.
        user: their id.
        lifetime: after it the session is over, however busy it is.
        peer: the address it came from.
    """

    digest: str
    user: str
    lifetime: timedelta
    peer: str = ""
    user_agent: str = ""

    def __post_init__(self) -> None:
        check_digest(self.digest)
        _clean(self, "user", "peer", "user_agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is logged in. ``digest`` names it: nobody can make a cookie of it.

    Attributes:
        user: their id.
        seen_at: when it was last touched.
        expires_at: when it is over, however busy it is.
    """

    digest: str
    user: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    peer: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key to be.

    Attributes:
        digest: of the whole secret.
        name: for people.
        owner: id of the user it belongs to; None is a key of nobody in particular.
        prefix: the first characters of the secret, by which people recognise it.
        role, grants: what its bearer may do.
        lifetime: None is a key that does not expire.
    """

    digest: str
    name: str
    owner: str | None = None
    prefix: str = ""
    role: str = ""
    grants: tuple[Grant, ...] = ()
    lifetime: timedelta | None = None

    def __post_init__(self) -> None:
        check_digest(self.digest)
        _clean(self, "name", "prefix", "role")
        object.__setattr__(self, "owner", clean(self.owner) if self.owner else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key for programs. ``id`` names it in pages and audit entries.

    Attributes:
        expires_at: None when it does not expire.
        last_used_from: the address of whoever used it last.
        revoked_at: None while nobody has.
        replaces: id of the key that it was made to replace.
    """

    id: str
    digest: str
    name: str
    owner: str | None = None
    prefix: str = ""
    role: str = ""
    grants: tuple[Grant, ...] = ()
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    revoked_at: datetime | None = None
    replaces: str | None = None

    def ended_at(self) -> datetime | None:
        """When it stopped, or stops, to be good for anything; None when nothing ends it."""
        ends = [at for at in (self.expires_at, self.revoked_at) if at is not None]
        return min(ends, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuditEntry:
    """Something that was done, or refused.

    Attributes:
        actor: id or name of who did it; what a failed login called itself.
        via: how they had proved who they are, as ``Principal.via``.
        action: a dotted word, as in ``user.disable``.
        target: what it was done to, as in ``user:7``.
        detail: more about it, as text; no secrets.
        peer: the address it came from.
    """

    actor: str
    action: str
    via: str = ""
    target: str = ""
    detail: str = ""
    peer: str = ""
    request_id: str = ""

    def __post_init__(self) -> None:
        _clean(self, "actor", "action", "via", "target", "peer", "request_id")
        object.__setattr__(self, "detail", clean(self.detail, MAX_DETAIL))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A line of the audit log; it is never changed. ``id`` sorts by ``at``, the time of the store."""

    id: str
    at: datetime
    actor: str
    action: str
    via: str = ""
    target: str = ""
    detail: str = ""
    peer: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries a page shows, newest first; None asks for any.

    Attributes:
        since, until: from this instant on, and before that one.
        after: id of the last entry of the page before.

    Raises:
        NaiveTime: an instant has no zone. InvalidInput: ``limit`` is out of its range.
    """

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None
    limit: int = 100

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            if (at := getattr(self, name)) is not None:
                object.__setattr__(self, name, aware(at, name))
        for name in ("actor", "action", "target", "after"):
            if (text := getattr(self, name)) is not None:
                object.__setattr__(self, name, clean(text))
        check_page(self.limit)


def check_page(limit: int) -> int:
    """Return how many rows a page may ask for.

    Raises:
        InvalidInput: too many, or none.
    """
    if type(limit) is not int or not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"limit must be a whole number from 1 to {MAX_PAGE}, got {limit!r:.80}")
    return limit


def _clean(record: object, *names: str) -> None:
    for name in names:
        object.__setattr__(record, name, clean(getattr(record, name)))
