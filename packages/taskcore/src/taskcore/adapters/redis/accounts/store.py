"""``AccountStore`` on a Redis or Valkey server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from taskcore.adapters.accounts import area
from taskcore.adapters.closing import Closed
from taskcore.adapters.redis import server
from taskcore.adapters.redis.accounts import audit, keys, sessions, users
from taskcore.adapters.redis.session import Place
from taskcore.adapters.redis.session import Session as Connections
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
from taskcore.clock import Clock, from_micros
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ids import IdScheme

LAYOUT = 1
"""Grows with every change of the keys that an earlier release could not work with."""


@dataclass(frozen=True, slots=True)
class AccountsPlace(Place):
    """Where accounts are: keys of their own, beside those of a task store with the same prefix."""

    @property
    def layout(self) -> str:
        return f"{LAYOUT} accounts"


class RedisAccounts(Closed):
    """A store of accounts that any number of machines may use at the same time.

    Each method is one script, which the server runs as one step, and it is as durable as the server is set up to be:
    use ``appendonly yes``. An object belongs to the event loop that it was opened in.
    """

    def __init__(self, place: AccountsPlace, kept: int) -> None:
        """For ``open`` alone."""
        self._connections = Connections(place)
        self._kept = kept
        self._closed = False

    @classmethod
    async def open(
        cls, url: str, *, prefix: str = "taskcore", entries: int = 100_000, clock: Clock | None = None, within: str = ""
    ) -> Self:
        """Connect, and claim the keys where there are none. Close it, or use it in ``async with``.

        Args:
            prefix: what the names of the keys begin with; a task store with the same one may be beside them.
            entries: how many audit entries are kept; where there are more, the oldest are dropped.
            clock: a test's own time; None is the server's.
            within: begins the names of all keys, before the braces, as in ``RedisStore.open``.

        Raises:
            InvalidInput: ``url`` names no server, ``prefix`` is no name, or ``entries`` is no positive number.
            StoreUnavailable: the server does not answer.
            SchemaMismatch: it is too old, or its keys are of another release.
            StoreError: it is set up as a cache, which drops keys when its memory is full.
        """
        if not (prefix.isascii() and prefix.isidentifier()):
            raise InvalidInput(f"prefix must be an identifier of ASCII letters, digits and _, got {prefix!r}")
        if type(entries) is not int or entries < 1:
            raise InvalidInput(f"entries must be a whole number from 1 on, got {entries!r:.80}")
        store = cls(AccountsPlace(url, area(prefix), IdScheme.TIME_SORTED, clock, None, within), entries)
        try:
            await store.check()
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def _session(self) -> Connections:
        if self._closed:
            raise StoreUnavailable(f"the store on {self._connections.server} is closed; open it again")
        return self._connections

    async def now(self) -> datetime:
        return from_micros(int(await self._session.run("open")))

    async def check(self) -> None:
        await server.check(self._session)

    async def close(self) -> None:
        self._closed = True
        await self._connections.close()

    # UserStore

    async def add_user(self, new: NewUser) -> User:
        user = await users.add(self._session, new)
        assert user is not None  # noqa: S101  # nothing else but its name can be in its way
        return user

    async def add_first_user(self, new: NewUser) -> User | None:
        return await users.add(self._session, new, first=True)

    async def get_user(self, user: str) -> User | None:
        return await users.get(self._session, user)

    async def find_user(self, name: str) -> User | None:
        return await users.find(self._session, name)

    async def users(self, *, after: str | None = None, limit: int = 100) -> Sequence[User]:
        return await users.page(self._session, after, limit)

    async def change_user(
        self, user: str, change: UserChange, *, keep_admin: bool = True, if_hash: str | None = None
    ) -> User | None:
        return await users.change(self._session, user, change, keep_admin=keep_admin, if_hash=if_hash)

    async def rehash(self, user: str, before: str, after: str) -> bool:
        return await users.rehash(self._session, user, before, after)

    async def touch_user(self, user: str) -> None:
        await users.touch(self._session, user)

    async def remove_user(self, user: str, *, keep_admin: bool = True) -> bool:
        return await users.remove(self._session, user, keep_admin=keep_admin)

    # SessionStore

    async def add_session(self, new: NewSession, *, if_hash: str | None = None) -> Session | None:
        return await sessions.add(self._session, new, if_hash)

    async def find_session(self, digest: str, *, idle: timedelta) -> Session | None:
        return await sessions.find(self._session, digest, idle)

    async def touch_session(self, digest: str) -> None:
        await sessions.touch(self._session, digest)

    async def sessions(self, user: str) -> Sequence[Session]:
        return await sessions.of(self._session, user)

    async def remove_session(self, digest: str) -> bool:
        return await sessions.remove(self._session, digest)

    async def remove_sessions(self, user: str, *, keep: str | None = None) -> int:
        return await sessions.remove_all(self._session, user, keep)

    async def prune_sessions(self, *, idle: timedelta, limit: int = 1_000) -> int:
        return await sessions.prune(self._session, idle, limit)

    # KeyStore

    async def add_key(self, new: NewApiKey) -> ApiKey:
        return await keys.add(self._session, new)

    async def rotate_key(self, key: str, new: NewApiKey, *, grace: timedelta) -> ApiKey | None:
        return await keys.rotate(self._session, key, new, grace)

    async def get_key(self, key: str) -> ApiKey | None:
        return await keys.get(self._session, key)

    async def find_key(self, digest: str) -> ApiKey | None:
        return await keys.find(self._session, digest)

    async def keys(self, *, owner: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[ApiKey]:
        return await keys.page(self._session, owner, after, limit)

    async def touch_key(self, key: str, *, peer: str = "") -> None:
        await keys.touch(self._session, key, peer)

    async def revoke_key(self, key: str) -> bool:
        return await keys.revoke(self._session, key)

    async def prune_keys(self, *, older_than: timedelta, limit: int = 1_000) -> int:
        return await keys.prune(self._session, older_than, limit)

    # AuditLog

    async def add_entry(self, new: NewAuditEntry) -> AuditEntry:
        return await audit.add(self._session, new, self._kept)

    async def entries(self, query: AuditQuery) -> Sequence[AuditEntry]:
        return await audit.page(self._session, query)

    async def prune_entries(self, *, older_than: timedelta, limit: int = 10_000) -> int:
        return await audit.prune(self._session, older_than, limit)
