"""``AccountStore`` in a SQL database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from taskcore.adapters.accounts import audit, keys, sessions, users
from taskcore.adapters.accounts.database import Database
from taskcore.adapters.accounts.opening import check, open_database
from taskcore.adapters.accounts.session import Session as Transaction
from taskcore.adapters.closing import Closed
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


class SQLAccounts(Closed):
    """A store of accounts that any number of processes may use at the same time; on SQLite, those of one machine.

    Each method is one transaction. An object belongs to the event loop that it was opened in.
    """

    def __init__(self, database: Database) -> None:
        """For ``open`` alone."""
        self._database = database

    @classmethod
    async def open(cls, where: str | AsyncEngine, *, prefix: str = "taskcore", clock: Clock | None = None) -> Self:
        """Connect, and make the tables where they are missing. Close it, or use it in ``async with``.

        Args:
            where: a URL (``sqlite:///accounts.db``, ``postgresql://``, ``mysql://``, ``mariadb://``), or an engine of
                the application over aiosqlite, asyncpg or aiomysql, which ``close`` leaves open.
            prefix: what the names of the tables begin with; a task store with the same one may be beside them.
            clock: a test's own time; None is the database's, or on SQLite the machine's.

        Raises:
            InvalidInput: ``where`` cannot be read or is of another kind, or ``prefix`` is no name.
            StoreUnavailable: the database cannot be used.
            SchemaMismatch: its tables are of a later release.
            MissingExtra: a driver, or alembic to make the tables, is not installed.
        """
        return cls(await open_database(where, prefix, clock))

    async def now(self) -> datetime:
        return from_micros(await self._database.read(Transaction.now))

    async def check(self) -> None:
        await self._database.read(check)

    async def close(self) -> None:
        await self._database.close()

    # UserStore

    async def add_user(self, new: NewUser) -> User:
        return await self._database.write(users.add, new)

    async def add_first_user(self, new: NewUser) -> User | None:
        return await self._database.write(users.add_first, new)

    async def get_user(self, user: str) -> User | None:
        return await self._database.read(users.get, user)

    async def find_user(self, name: str) -> User | None:
        return await self._database.read(users.find, name)

    async def users(self, *, after: str | None = None, limit: int = 100) -> Sequence[User]:
        return await self._database.read(users.page, after, limit)

    async def change_user(
        self, user: str, change: UserChange, *, keep_admin: bool = True, if_hash: str | None = None
    ) -> User | None:
        return await self._database.write(users.change, user, change, keep_admin=keep_admin, if_hash=if_hash)

    async def rehash(self, user: str, before: str, after: str) -> bool:
        return await self._database.write(users.rehash, user, before, after)

    async def touch_user(self, user: str) -> None:
        await self._database.write(users.touch, user)

    async def remove_user(self, user: str, *, keep_admin: bool = True) -> bool:
        return await self._database.write(users.remove, user, keep_admin=keep_admin)

    # SessionStore

    async def add_session(self, new: NewSession, *, if_hash: str | None = None) -> Session | None:
        return await self._database.write(sessions.add, new, if_hash)

    async def find_session(self, digest: str, *, idle: timedelta) -> Session | None:
        return await self._database.read(sessions.find, digest, idle)

    async def touch_session(self, digest: str) -> None:
        await self._database.write(sessions.touch, digest)

    async def sessions(self, user: str) -> Sequence[Session]:
        return await self._database.read(sessions.of, user)

    async def remove_session(self, digest: str) -> bool:
        return await self._database.write(sessions.remove, digest)

    async def remove_sessions(self, user: str, *, keep: str | None = None) -> int:
        return await self._database.write(sessions.remove_all, user, keep)

    async def prune_sessions(self, *, idle: timedelta, limit: int = 1_000) -> int:
        return await self._database.write(sessions.prune, idle, limit)

    # KeyStore

    async def add_key(self, new: NewApiKey) -> ApiKey:
        return await self._database.write(keys.add, new)

    async def rotate_key(self, key: str, new: NewApiKey, *, grace: timedelta) -> ApiKey | None:
        return await self._database.write(keys.rotate, key, new, grace)

    async def get_key(self, key: str) -> ApiKey | None:
        return await self._database.read(keys.get, key)

    async def find_key(self, digest: str) -> ApiKey | None:
        return await self._database.read(keys.find, digest)

    async def keys(self, *, owner: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[ApiKey]:
        return await self._database.read(keys.page, owner, after, limit)

    async def touch_key(self, key: str, *, peer: str = "") -> None:
        await self._database.write(keys.touch, key, peer)

    async def revoke_key(self, key: str) -> bool:
        return await self._database.write(keys.revoke_one, key)

    async def prune_keys(self, *, older_than: timedelta, limit: int = 1_000) -> int:
        return await self._database.write(keys.prune, older_than, limit)

    # AuditLog

    async def add_entry(self, new: NewAuditEntry) -> AuditEntry:
        return await self._database.write(audit.add, new)

    async def entries(self, query: AuditQuery) -> Sequence[AuditEntry]:
        return await self._database.read(audit.page, query)

    async def prune_entries(self, *, older_than: timedelta, limit: int = 10_000) -> int:
        return await self._database.write(audit.prune, older_than, limit)
