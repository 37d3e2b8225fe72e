"""Stores of accounts that each break one promise, the way real ones do."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.adapters.memory.accounts.audit import Entries
from taskcore.adapters.memory.accounts.keys import Keys
from taskcore.adapters.memory.accounts.users import Sessions, Users
from taskcore.auth.permissions import ADMIN
from taskcore.auth.records import (
    ApiKey,
    AuditEntry,
    AuditQuery,
    NewApiKey,
    NewSession,
    NewUser,
    Session,
    User,
    UserChange,
)
from taskcore.clock import Clock, to_micros
from taskcore.errors import LastAdmin, NameTaken
from taskcore.ids import task_ids

T = TypeVar("T")


class LettersMatter(Users):
    """Tells Eve from eve."""

    def find(self, name: str) -> User | None:
        return next((user for user in self._users.values() if user.name == name), None)


class AdminsInNameAlone(Users):
    """Counts admins who cannot log in."""

    def _keep_admin(self, leaving: User) -> None:
        if leaving.is_admin and not any(user.role == ADMIN for user in self._users.values() if user != leaving):
            raise LastAdmin(leaving.name)


class DisablingIsNoLoss(Users):
    """Guards the role, and forgets that a disabled admin is none."""

    def change(self, user: str, change: UserChange, *, keep_admin: bool, if_hash: str | None) -> User | None:
        return super().change(user, change, keep_admin=keep_admin and change.role is not None, if_hash=if_hash)


class LatePasswordsWin(Users):
    """Lets whoever read an old password change the new one."""

    def change(self, user: str, change: UserChange, *, keep_admin: bool, if_hash: str | None) -> User | None:
        return super().change(user, change, keep_admin=keep_admin, if_hash=None)


class LateHashesWin(Users):
    """Puts an old password back while it is hashed anew."""

    def rehash(self, user: str, before: str, after: str) -> bool:
        return super().rehash(user, self._users[user].password_hash if user in self._users else before, after)


class PasswordsHaveNoDate(Users):
    """Forgets when a password was changed."""

    def change(self, user: str, change: UserChange, *, keep_admin: bool, if_hash: str | None) -> User | None:
        changed = super().change(user, change, keep_admin=keep_admin, if_hash=if_hash)
        if changed is not None:
            self._users[user] = changed = replace(changed, password_changed_at=None)
        return changed


class LooksBeforeItLeaps(MemoryAccounts):
    """Looks whether a name is free in one step, and takes it in another."""

    async def add_user(self, new: NewUser) -> User:
        if await self.find_user(new.name) is not None:
            raise NameTaken(new.name)
        await asyncio.sleep(0)
        self._users._by_name.pop(new.name.lower(), None)
        return await super().add_user(new)


class CountsAdminsFirst(MemoryAccounts):
    """Counts admins in one step, and lets one go in another."""

    async def change_user(
        self, user: str, change: UserChange, *, keep_admin: bool = True, if_hash: str | None = None
    ) -> User | None:
        admins = [each for each in await self.users() if each.is_admin]
        leaves = change.enabled is False or change.role not in (None, ADMIN)
        if keep_admin and leaves and [user] == [each.id for each in admins]:
            raise LastAdmin(admins[0].name)
        await asyncio.sleep(0)
        return await super().change_user(user, change, keep_admin=False, if_hash=if_hash)


class WritesWholeUsers(MemoryAccounts):
    """Reads a user, changes a field, and writes all of them."""

    async def change_user(
        self, user: str, change: UserChange, *, keep_admin: bool = True, if_hash: str | None = None
    ) -> User | None:
        before = await self.get_user(user)
        await asyncio.sleep(0)
        if before is not None:
            self._users._users[user] = before
        return await super().change_user(user, change, keep_admin=keep_admin, if_hash=if_hash)


class FirstIsWhoAsks(MemoryAccounts):
    """Looks for users in one step, and adds the first in another."""

    async def add_first_user(self, new: NewUser) -> User | None:
        if await self.users():
            return None
        await asyncio.sleep(0)
        return await self.add_user(new)


class LeavesSessionsBehind(MemoryAccounts):
    """Removes a user, and lets the browsers stay."""

    async def remove_user(self, user: str, *, keep_admin: bool = True) -> bool:
        return self._users.remove(user, keep_admin=keep_admin)


class LeavesKeysBehind(MemoryAccounts):
    """Removes a user with the sessions, and lets the programs stay."""

    async def remove_user(self, user: str, *, keep_admin: bool = True) -> bool:
        removed = self._users.remove(user, keep_admin=keep_admin)
        self._sessions.remove_all(user, None)
        return removed


class AnyPasswordWillDo(Sessions):
    """Opens a session for a password that is not the user's any more."""

    def add(self, new: NewSession, if_hash: str | None) -> Session | None:
        return super().add(new, None)


class BusySessionsNeverEnd(Sessions):
    """Prolongs a session with each touch."""

    def touch(self, digest: str) -> None:
        super().touch(digest)
        if digest in self._sessions:
            session = self._sessions[digest]
            self._sessions[digest] = replace(session, expires_at=session.expires_at + timedelta(hours=1))


class SilenceIsForever(Sessions):
    """Does not ask when a session was last seen."""

    def find(self, digest: str, idle: timedelta) -> Session | None:
        return super().find(digest, timedelta(days=999))


class TouchesBringBack(Sessions):
    """Stores what it touches."""

    def remove(self, digest: str) -> bool:
        self._gone = self._sessions.get(digest, getattr(self, "_gone", None))
        return super().remove(digest)

    def touch(self, digest: str) -> None:
        gone: Session | None = getattr(self, "_gone", None)
        if gone is not None and gone.digest == digest:
            self._sessions[digest] = gone
        super().touch(digest)


class RevokedKeysOpen(Keys):
    """Asks of a key whether it has expired, and nothing else."""

    def find(self, digest: str) -> ApiKey | None:
        key = self._keys.get(self._by_digest.get(digest, ""))
        over = key is None or (key.expires_at is not None and key.expires_at <= self._clock.now())
        return None if over else key


class GraceProlongs(Keys):
    """Lets a key that is replaced live longer than it would have."""

    def rotate(self, key: str, new: NewApiKey, grace: timedelta) -> ApiKey | None:
        added = super().rotate(key, new, grace)
        if added is not None:
            self._keys[key] = replace(self._keys[key], expires_at=self._clock.now() + grace)
        return added


class PrunesByAge(Keys):
    """Removes old keys, though they are good."""

    def prune(self, older_than: timedelta, limit: int) -> int:
        old = [key for key in self._keys.values() if key.created_at < self._clock.now() - older_than]
        for key in old[:limit]:
            del self._keys[key.id], self._by_digest[key.digest]
        return len(old[:limit])


class PagesByPosition(Entries):
    """Counts entries, instead of following the last one."""

    def page(self, query: AuditQuery) -> list[AuditEntry]:
        found = super().page(replace(query, after=None, limit=1_000))
        seen = getattr(self, "_seen", 0) if query.after is not None else 0
        self._seen = seen + query.limit
        return found[seen : seen + query.limit]


class OneFilterIsEnough(Entries):
    """Finds entries by actor, and then looks at nothing else."""

    def page(self, query: AuditQuery) -> list[AuditEntry]:
        if query.actor is not None:
            query = AuditQuery(actor=query.actor, after=query.after, limit=query.limit)
        return super().page(query)


class PrunesTheNewest(Entries):
    """Begins at the wrong end."""

    def prune(self, older_than: timedelta, limit: int) -> int:
        removed = min(limit, len(self._entries))
        del self._entries[len(self._entries) - removed :]
        return removed


def open_with(part: type, clock: Clock) -> MemoryAccounts:
    """The reference store with one part replaced by a broken one."""

    def choose(base: type[T]) -> type[T]:
        return part if issubclass(part, base) else base

    store = choose(MemoryAccounts)(clock)
    ids = task_ids(lambda: to_micros(clock.now()) * 1000)
    store._users = users = choose(Users)(clock, ids)
    store._sessions = choose(Sessions)(clock, users)
    store._keys = choose(Keys)(clock, ids)
    store._entries = choose(Entries)(clock, ids)
    return store
