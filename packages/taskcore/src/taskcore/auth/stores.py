"""What a store of accounts owes those who recognise callers.

The obligations hold for all methods:

- **Time is the store's.** Instants are set and compared by the store's own clock, never by a caller's.
- **One step.** A method's whole effect is committed together or not at all, and is durable when it returns. Of callers
  who race for the same thing, in whatever processes, each sees the others' steps wholly or not at all.
- **Secrets stay outside.** Sessions and keys are found by digest alone; a store never sees what it is the digest of.
- **Any text may be asked for.** An id, name or digest that no store could hold is like one that nobody has.
- **Nothing is decided here.** A store does not know who may do what, hashes nothing, and writes no audit entry itself.
- **Trouble has two names.** A store that cannot be reached, or stays locked by others, raises ``StoreUnavailable``;
  tables of another release raise ``SchemaMismatch``. No driver error escapes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from taskcore.auth.records import (
    ApiKey,
    AuditEntry,
    AuditQuery,
    NewApiKey,
    NewAuditEntry,
    NewSession,
    NewUser,
    Session,
    User,
    UserChange,
)


class UserStore(Protocol):
    """Those who may log in."""

    async def add_user(self, new: NewUser) -> User:
        """Store a user.

        Raises:
            NameTaken: the name folds to that of another user, or did to that of one who was added at the same time.
        """
        ...

    async def add_first_user(self, new: NewUser) -> User | None:
        """``add_user`` into a store that has none; None when there is any user, also one who was added at the same
        time. So the one who sets a system up is alone."""
        ...

    async def get_user(self, user: str) -> User | None:
        """The user with this id, or None."""
        ...

    async def find_user(self, name: str) -> User | None:
        """The user whose name folds to the same as ``name``, or None."""
        ...

    async def users(self, *, after: str | None = None, limit: int = 100) -> Sequence[User]:
        """At most ``limit`` users by folded name, those behind the name ``after``.

        Raises:
            InvalidInput: ``limit`` is out of its range.
        """
        ...

    async def change_user(
        self, user: str, change: UserChange, *, keep_admin: bool = True, if_hash: str | None = None
    ) -> User | None:
        """Change what ``change`` says and nothing else, and answer with the user afterwards; None when there is no
        such user, or ``if_hash`` is not their password's hash any more.

        A new ``password_hash`` sets ``password_changed_at``.

        Raises:
            LastAdmin: with ``keep_admin``, the user ``is_admin`` now and would not be afterwards, and nobody else is.
                Of two admins who demote each other at the same time one is refused.
        """
        ...

    async def rehash(self, user: str, before: str, after: str) -> bool:
        """Replace the hash of a password that stays the same, if it is still ``before``. ``password_changed_at`` is
        left alone."""
        ...

    async def touch_user(self, user: str) -> None:
        """Set ``last_login_at``. Nothing happens if the user is gone."""
        ...

    async def remove_user(self, user: str, *, keep_admin: bool = True) -> bool:
        """Remove a user with their sessions, and revoke the keys that they own; False when there is no such user.

        Raises:
            LastAdmin: with ``keep_admin``, the user ``is_admin`` and nobody else is.
        """
        ...


class SessionStore(Protocol):
    """Browsers that are logged in."""

    async def add_session(self, new: NewSession, *, if_hash: str | None = None) -> Session | None:
        """Store a session; None unless its user exists, is enabled, and, where ``if_hash`` is given, has a password
        with that hash: who logs in with an old password while it is changed gets no session.

        Raises:
            InvalidInput: the digest is taken.
        """
        ...

    async def find_session(self, digest: str, *, idle: timedelta) -> Session | None:
        """The session with this digest; None also when it has expired or was not touched for longer than ``idle``.
        Whether its user is still enabled, the caller asks."""
        ...

    async def touch_session(self, digest: str) -> None:
        """Set ``seen_at``, and leave ``expires_at`` alone. Nothing happens if the session is gone."""
        ...

    async def sessions(self, user: str) -> Sequence[Session]:
        """The sessions of a user that have not expired, the newest first."""
        ...

    async def remove_session(self, digest: str) -> bool:
        """End a session; False when there is none."""
        ...

    async def remove_sessions(self, user: str, *, keep: str | None = None) -> int:
        """End all sessions of a user but that with the digest ``keep``; answer how many there were."""
        ...

    async def prune_sessions(self, *, idle: timedelta, limit: int = 1_000) -> int:
        """Remove sessions that have expired or were not touched for longer than ``idle``, at most ``limit``; answer
        how many there were. Those that vanish by themselves are not counted."""
        ...


class KeyStore(Protocol):
    """Keys for programs."""

    async def add_key(self, new: NewApiKey) -> ApiKey:
        """Store a key.

        Raises:
            InvalidInput: the digest is taken.
        """
        ...

    async def rotate_key(self, key: str, new: NewApiKey, *, grace: timedelta) -> ApiKey | None:
        """Store a key that ``replaces`` another, which expires after ``grace`` unless it expires earlier; None, with
        nothing done, when there is no such key, or it is revoked or has expired.

        Raises:
            InvalidInput: the digest is taken.
        """
        ...

    async def get_key(self, key: str) -> ApiKey | None:
        """The key with this id, whatever its state; or None."""
        ...

    async def find_key(self, digest: str) -> ApiKey | None:
        """The key with this digest; None also when it is revoked or has expired. Whether its owner may still do
        anything, the caller asks."""
        ...

    async def keys(self, *, owner: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[ApiKey]:
        """At most ``limit`` keys, of a user or of all, in any state, newest first, those behind the id ``after``.

        Raises:
            InvalidInput: ``limit`` is out of its range.
        """
        ...

    async def touch_key(self, key: str, *, peer: str = "") -> None:
        """Set ``last_used_at`` and ``last_used_from``. Nothing happens if the key is gone."""
        ...

    async def revoke_key(self, key: str) -> bool:
        """End a key at once; False when there is none, or it is revoked already."""
        ...

    async def prune_keys(self, *, older_than: timedelta, limit: int = 1_000) -> int:
        """Remove keys that were revoked, or expired, longer ago than ``older_than``, at most ``limit``; answer how
        many there were."""
        ...


class AuditLog(Protocol):
    """Who did what. Entries are added and, when they are old, removed; nothing changes them."""

    async def add_entry(self, new: NewAuditEntry) -> AuditEntry:
        """Store an entry, as of now."""
        ...

    async def entries(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """At most ``query.limit`` entries that fit, newest first, those behind ``query.after``. Entries that are added
        while somebody turns pages shift nothing."""
        ...

    async def prune_entries(self, *, older_than: timedelta, limit: int = 10_000) -> int:
        """Remove entries that are older, the oldest first, at most ``limit``; answer how many there were."""
        ...


class AccountStore(UserStore, SessionStore, KeyStore, AuditLog, Protocol):
    """The whole port."""

    async def now(self) -> datetime:
        """The store's own time."""
        ...

    async def check(self) -> None:
        """Prove that the store answers and that its tables fit; raises ``StoreError`` otherwise."""
        ...

    async def close(self) -> None:
        """Let go of connections. Closing twice is fine."""
        ...
