"""The doors of the reference store of accounts: each takes the lock, does one step, and lets go."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from taskcore.adapters.memory.accounts.audit import Entries
from taskcore.adapters.memory.accounts.keys import Keys
from taskcore.adapters.memory.accounts.users import Sessions, Users
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
from taskcore.auth.text import clean
from taskcore.clock import Clock, SystemClock, to_micros
from taskcore.ids import task_ids


class MemoryAccounts:
    """``AccountStore`` within one process. Safe to use from several threads and event loops."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = Lock()
        ids = task_ids(lambda: to_micros(self._clock.now()) * 1000)
        self._users = Users(self._clock, ids)
        self._sessions = Sessions(self._clock, self._users)
        self._keys = Keys(self._clock, ids)
        self._entries = Entries(self._clock, ids)

    async def now(self) -> datetime:
        return self._clock.now()

    async def check(self) -> None:
        """Nothing can be wrong with it."""

    async def close(self) -> None:
        """It holds nothing to let go of; other users of the object go on."""

    # UserStore

    async def add_user(self, new: NewUser) -> User:
        with self._lock:
            return self._users.add(new)

    async def add_first_user(self, new: NewUser) -> User | None:
        with self._lock:
            return self._users.add_first(new)

    async def get_user(self, user: str) -> User | None:
        with self._lock:
            return self._users.get(user)

    async def find_user(self, name: str) -> User | None:
        with self._lock:
            return self._users.find(name)

    async def users(self, *, after: str | None = None, limit: int = 100) -> Sequence[User]:
        with self._lock:
            return self._users.page(after, limit)

    async def change_user(
        self, user: str, change: UserChange, *, keep_admin: bool = True, if_hash: str | None = None
    ) -> User | None:
        with self._lock:
            return self._users.change(user, change, keep_admin=keep_admin, if_hash=if_hash)

    async def rehash(self, user: str, before: str, after: str) -> bool:
        with self._lock:
            return self._users.rehash(user, before, after)

    async def touch_user(self, user: str) -> None:
        with self._lock:
            self._users.touch(user)

    async def remove_user(self, user: str, *, keep_admin: bool = True) -> bool:
        with self._lock:
            removed = self._users.remove(user, keep_admin=keep_admin)
            if removed:
                self._sessions.remove_all(user, None)
                self._keys.revoke_all(user)
            return removed

    # SessionStore

    async def add_session(self, new: NewSession, *, if_hash: str | None = None) -> Session | None:
        with self._lock:
            return self._sessions.add(new, if_hash)

    async def find_session(self, digest: str, *, idle: timedelta) -> Session | None:
        with self._lock:
            return self._sessions.find(digest, idle)

    async def touch_session(self, digest: str) -> None:
        with self._lock:
            self._sessions.touch(digest)

    async def sessions(self, user: str) -> Sequence[Session]:
        with self._lock:
            return self._sessions.of(user)

    async def remove_session(self, digest: str) -> bool:
        with self._lock:
            return self._sessions.remove(digest)

    async def remove_sessions(self, user: str, *, keep: str | None = None) -> int:
        with self._lock:
            return self._sessions.remove_all(user, keep)

    async def prune_sessions(self, *, idle: timedelta, limit: int = 1_000) -> int:
        with self._lock:
            return self._sessions.prune(idle, limit)

    # KeyStore

    async def add_key(self, new: NewApiKey) -> ApiKey:
        with self._lock:
            return self._keys.add(new)

    async def rotate_key(self, key: str, new: NewApiKey, *, grace: timedelta) -> ApiKey | None:
        with self._lock:
            return self._keys.rotate(key, new, grace)

    async def get_key(self, key: str) -> ApiKey | None:
        with self._lock:
            return self._keys.get(key)

    async def find_key(self, digest: str) -> ApiKey | None:
        with self._lock:
            return self._keys.find(digest)

    async def keys(self, *, owner: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[ApiKey]:
        with self._lock:
            return self._keys.page(owner, after, limit)

    async def touch_key(self, key: str, *, peer: str = "") -> None:
        with self._lock:
            self._keys.touch(key, clean(peer))

    async def revoke_key(self, key: str) -> bool:
        with self._lock:
            return self._keys.revoke(key)

    async def prune_keys(self, *, older_than: timedelta, limit: int = 1_000) -> int:
        with self._lock:
            return self._keys.prune(older_than, limit)

    # AuditLog

    async def add_entry(self, new: NewAuditEntry) -> AuditEntry:
        with self._lock:
            return self._entries.add(new)

    async def entries(self, query: AuditQuery) -> Sequence[AuditEntry]:
        with self._lock:
            return self._entries.page(query)

    async def prune_entries(self, *, older_than: timedelta, limit: int = 10_000) -> int:
        with self._lock:
            return self._entries.prune(older_than, limit)
