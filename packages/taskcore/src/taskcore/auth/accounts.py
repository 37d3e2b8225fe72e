"""The use cases of accounts, in one object: who logs in, who may do what, and who did what.

Web, dashboards and command lines call it; only it knows the store. It fails closed: what it cannot find out, it denies.
"""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from taskcore.auth.auditing import HERE, NOBODY, Journal, Origin
from taskcore.auth.digests import digest
from taskcore.auth.key_admin import KeyAdmin
from taskcore.auth.keys import Keys
from taskcore.auth.loopback import is_loopback
from taskcore.auth.passwords import Passwords
from taskcore.auth.permissions import ROLES
from taskcore.auth.principal import Principal
from taskcore.auth.records import AuditEntry, AuditQuery, Session, User
from taskcore.auth.rules import (
    LocalRule,
    Roles,
    no_default_password,
    principal_of_key,
    principal_of_user,
    require_admin,
)
from taskcore.auth.sessions import ABSOLUTE, IDLE, Sessions
from taskcore.auth.signing import Signing
from taskcore.auth.stores import AccountStore
from taskcore.auth.throttle import LoginThrottle
from taskcore.auth.user_admin import UserAdmin
from taskcore.clock import Clock
from taskcore.errors import BadLogin, LocalOnly

MAX_VERIFIED = 1_000
_WRONG = "the name or the password is wrong, or the user is disabled"


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who just logged in. ``cookie`` is the value to give to the browser; nobody can have it again."""

    principal: Principal
    session: Session
    cookie: str = field(repr=False)


class Accounts:
    """Logins, users, keys and the audit log.

    Attributes:
        users: creating, changing and removing them; passwords, links and sessions.
        keys: for programs.

    Args:
        roles: of the face, by name, with what each brings.
        local_only: tells passwords that everybody knows; they are good from this machine alone.
        idle, absolute: how long a session lasts unused, and at most.
        key_prefix: of new API keys.
    """

    def __init__(
        self,
        store: AccountStore,
        signing: Signing,
        *,
        passwords: Passwords | None = None,
        throttle: LoginThrottle | None = None,
        roles: Roles = ROLES,
        local_only: LocalRule = no_default_password,
        idle: timedelta = IDLE,
        absolute: timedelta = ABSOLUTE,
        key_prefix: str = "tc",
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._roles = roles
        self._local_only = local_only
        self._passwords = passwords or Passwords()
        self._throttle = throttle or LoginThrottle(clock=clock)
        self._sessions = Sessions(store, signing, idle=idle, absolute=absolute, clock=clock)
        self._keys = Keys(store, prefix=key_prefix, clock=clock)
        self._journal = Journal(store)
        self._verified = _Verified()
        self.users = UserAdmin(
            store, self._sessions, self._passwords, self._throttle, signing, self._journal, roles=roles
        )
        self.keys = KeyAdmin(store, self._keys, self._journal, roles=roles)

    async def login(self, name: str, password: str, *, origin: Origin = HERE, instead_of: str | None = None) -> Login:
        """Begin a session.

        Args:
            instead_of: the session cookie that the browser sent along; that session ends.

        Raises:
            TooManyAttempts: not looked at. BadLogin: wrong. LocalOnly: a default password, from elsewhere.
        """
        for _ in range(2):
            user = await self._authenticated(name, password, origin)
            opened = await self._sessions.begin(
                user, peer=origin.peer, user_agent=origin.user_agent, instead_of=instead_of
            )
            if opened is not None:
                break
            # The hash changed since it was verified: it is of a new password, or another login has made it anew.
        else:
            raise BadLogin(_WRONG)
        await self._store.touch_user(user.id)
        principal = principal_of_user(user, self._roles, via="session", credential=opened.session.digest)
        await self._journal.note(principal, "login", f"user:{user.id}", origin=origin)
        return Login(principal, opened.session, opened.cookie)

    async def logout(self, cookie: str, *, origin: Origin = HERE) -> bool:
        """End the session of a cookie at once; False when there was none."""
        principal = await self.recognise_session(cookie)
        if not await self._sessions.end(cookie):
            return False
        by = principal or NOBODY
        await self._journal.note(by, "logout", f"user:{by.id}", origin=origin)
        return True

    async def recognise_session(self, cookie: str) -> Principal | None:
        """Who the bearer of a session cookie is; None when it is over or their account is disabled."""
        session = await self._sessions.find(cookie)
        user = await self._store.get_user(session.user) if session is not None else None
        if session is None or user is None or not user.enabled:
            return None
        return principal_of_user(user, self._roles, via="session", credential=session.digest)

    async def recognise_key(self, text: str, *, peer: str = "") -> Principal | None:
        """Who the bearer of an API key is; None when it is not good, or its owner's account is not."""
        key = await self._keys.find(text, peer=peer)
        if key is None:
            return None
        owner = await self._store.get_user(key.owner) if key.owner is not None else None
        if key.owner is not None and (owner is None or not owner.enabled):
            return None
        return principal_of_key(key, owner, self._roles)

    async def recognise_password(self, name: str, password: str, *, origin: Origin = HERE) -> Principal:
        """Who somebody is that sends name and password with every request. It is verified once, and then remembered in
        this process for as long as the user's password stays the same.

        Raises:
            TooManyAttempts, BadLogin, LocalOnly: as ``login``.
        """
        user = await self._remembered(name, password)
        if user is None or self._local_only(user, password):
            user = await self._authenticated(name, password, origin)
            self._verified.add(name, password, user)
        return principal_of_user(user, self._roles, via="password")

    async def audit(
        self, by: Principal, action: str, target: str = "", detail: str = "", *, origin: Origin = HERE
    ) -> AuditEntry:
        """Note what ``by`` did to something that is no account: ``task.retry``, ``queue.pause``."""
        return await self._journal.note(by, action, target, detail, origin=origin)

    async def entries(self, by: Principal, query: AuditQuery) -> Sequence[AuditEntry]:
        """The audit log, newest first.

        Raises:
            NotAllowed: ``by`` is no admin.
        """
        require_admin(by)
        return await self._journal.entries(query)

    async def prune(self, *, keys_after: timedelta = timedelta(days=90), entries_after: timedelta | None = None) -> int:
        """Remove some sessions that are over, keys that ended ``keys_after`` ago, and, on request, old audit entries;
        answer how many rows there were. Call it now and then, until it answers 0."""
        gone = await self._sessions.prune() + await self._store.prune_keys(older_than=keys_after)
        return gone + (await self._store.prune_entries(older_than=entries_after) if entries_after is not None else 0)

    async def close(self) -> None:
        """Let go of threads; the store stays open, it belongs to who opened it."""
        self._passwords.close()

    async def _authenticated(self, name: str, password: str, origin: Origin) -> User:
        async with self._throttle.attempt(name, origin.peer) as attempt:
            user = await self._store.find_user(name)
            good, better = await self._passwords.verify(password, user.password_hash if user is not None else None)
            if user is None or not good or not user.enabled:
                await self._refused(user, "wrong", origin)
                raise BadLogin(_WRONG)
            if self._local_only(user, password) and not is_loopback(origin.peer):
                await self._refused(user, "default password from elsewhere", origin)
                raise LocalOnly(
                    f"the default password of {user.name!r} is good on this machine alone; "
                    "log in at localhost and change it"
                )
            attempt.succeeded()
        if better is not None and await self._store.rehash(user.id, user.password_hash, better):
            user = replace(user, password_hash=better)
        return user

    async def _refused(self, user: User | None, why: str, origin: Origin) -> None:
        """The name is noted when it is a user's; what else people type there may be their password."""
        target = f"user:{user.id}" if user is not None else "user:unknown"
        await self._journal.note(NOBODY, "login.refused", target, why, origin=origin)

    async def _remembered(self, name: str, password: str) -> User | None:
        found = self._verified.get(name, password)
        user = await self._store.get_user(found[0]) if found is not None else None
        if found is None or user is None or not user.enabled or user.password_hash != found[1]:
            return None
        return user


class _Verified:
    """Which passwords were verified in this process, by a digest under a key that nobody else has."""

    def __init__(self) -> None:
        self._key = secrets.token_hex(32)
        self._known: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def get(self, name: str, password: str) -> tuple[str, str] | None:
        return self._known.get(self._digest(name, password))

    def add(self, name: str, password: str, user: User) -> None:
        self._known[self._digest(name, password)] = (user.id, user.password_hash)
        if len(self._known) > MAX_VERIFIED:
            self._known.popitem(last=False)

    def _digest(self, name: str, password: str) -> str:
        return digest(f"{self._key}{len(name)}:{name}{password}")
