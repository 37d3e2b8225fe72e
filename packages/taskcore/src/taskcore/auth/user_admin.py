"""Users: the first one, those an admin makes, their passwords, links and sessions. Each change is audited."""

from collections.abc import Iterable, Sequence

from taskcore.auth.auditing import HERE, Journal, Origin
from taskcore.auth.links import Links
from taskcore.auth.passwords import Passwords
from taskcore.auth.permissions import ADMIN, VIEWER, Grant
from taskcore.auth.principal import SYSTEM, Principal
from taskcore.auth.records import NewUser, Session, User, UserChange
from taskcore.auth.rules import Roles, check_role, principal_of_user, require_admin, require_self_or_admin
from taskcore.auth.sessions import Sessions
from taskcore.auth.signing import Signing
from taskcore.auth.stores import AccountStore
from taskcore.auth.throttle import LoginThrottle
from taskcore.errors import AccountNotFound, BadLogin, BadToken, NameTaken


class UserAdmin:
    """``Accounts.users``. ``by`` is whoever asks; ``SYSTEM`` is the machine's own."""

    def __init__(
        self,
        store: AccountStore,
        sessions: Sessions,
        passwords: Passwords,
        throttle: LoginThrottle,
        signing: Signing,
        journal: Journal,
        *,
        roles: Roles,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._throttle = throttle
        self._links = Links(signing)
        self._journal = journal
        self.roles = roles
        self.min_password = passwords.min_length

    async def page(self, by: Principal, *, after: str | None = None, limit: int = 100) -> Sequence[User]:
        """At most ``limit`` users by name, those behind the name ``after``.

        Raises:
            NotAllowed: ``by`` is no admin. InvalidInput: ``limit`` is out of its range.
        """
        require_admin(by)
        return await self._store.users(after=after, limit=limit)

    async def get(self, by: Principal, user: str) -> User:
        """The user with this id.

        Raises:
            NotAllowed: ``by`` is somebody else and no admin. AccountNotFound: there is none.
        """
        require_self_or_admin(by, user)
        return await self._existing(user)

    async def is_set_up(self) -> bool:
        """Whether there is any user."""
        return bool(await self._store.users(limit=1))

    def setup_link(self) -> str:
        """What lets its bearer become the first user, once, within a day; for the log of a system that has none."""
        return self._links.for_setup()

    async def set_up(self, link: str, name: str, password: str, *, origin: Origin = HERE) -> User:
        """Make the first user, an admin.

        Raises:
            BadToken: the link is not ours, is over, or somebody was first. WeakSecret, InvalidInput: as ``create``.
        """
        self._links.check_setup(link)
        new = await self._new(name, password, ADMIN, (), must_change=False)
        user = await self._store.add_first_user(new)
        if user is None:
            raise BadToken("somebody has set this up already; ask them for an account")
        await self._noted(principal_of_user(user, self.roles, via="link"), "user.setup", user, origin=origin)
        return user

    async def ensure_first(self, name: str, password: str) -> User | None:
        """Make a first user with a password that is known to others, which they are asked to change; None when there is
        any user. The password may be shorter than those that people choose."""
        if await self.is_set_up():
            return None
        hashed = await self._passwords.hash(password)
        new = NewUser(name=name, password_hash=hashed, role=ADMIN, must_change_password=True)
        user = await self._store.add_first_user(new)
        if user is not None:
            await self._noted(SYSTEM, "user.create", user, "the first one, with a default password")
        return user

    async def ensure(self, pairs: Iterable[tuple[str, str]], *, role: str = ADMIN) -> None:
        """Make users of names and passwords that stand in the configuration; who exists is left alone."""
        check_role(role, self.roles)
        for name, password in pairs:
            if await self._store.find_user(name) is None:
                new = NewUser(name=name, password_hash=await self._passwords.hash(password), role=role)
                try:
                    await self._noted(SYSTEM, "user.create", await self._store.add_user(new), "configured")
                except NameTaken:
                    continue  # another process was first

    async def create(
        self,
        by: Principal,
        name: str,
        password: str | None = None,
        *,
        role: str = VIEWER,
        grants: tuple[Grant, ...] = (),
        must_change_password: bool = True,
        origin: Origin = HERE,
    ) -> User:
        """Make a user. Without a password they log in by a link of ``reset_link`` first.

        Raises:
            NotAllowed: ``by`` is no admin. NameTaken, InvalidInput: name or role. WeakSecret: the password.
        """
        require_admin(by)
        new = await self._new(name, password, role, grants, must_change=must_change_password)
        user = await self._store.add_user(new)
        await self._noted(by, "user.create", user, f"role {role}", origin=origin)
        return user

    async def set_rights(
        self,
        by: Principal,
        user: str,
        *,
        role: str | None = None,
        grants: tuple[Grant, ...] | None = None,
        origin: Origin = HERE,
    ) -> User:
        """Change role, grants, or both, at once and for sessions and keys that exist.

        Raises:
            NotAllowed: ``by`` is no admin. AccountNotFound: no such user. LastAdmin: nobody else is one.
            InvalidInput: the face has no such role.
        """
        require_admin(by)
        if role is not None:
            check_role(role, self.roles)
        changed = await self._changed(user, UserChange(role=role, grants=grants))
        what = [f"role {role}"] * (role is not None) + [f"{len(grants or ())} grants"] * (grants is not None)
        await self._noted(by, "user.rights", changed, ", ".join(what), origin=origin)
        return changed

    async def enable(self, by: Principal, user: str, *, origin: Origin = HERE) -> User:
        """Let them in again; their keys are good again too.

        Raises:
            NotAllowed, AccountNotFound: as ``set_rights``.
        """
        require_admin(by)
        changed = await self._changed(user, UserChange(enabled=True))
        await self._noted(by, "user.enable", changed, origin=origin)
        return changed

    async def disable(self, by: Principal, user: str, *, origin: Origin = HERE) -> User:
        """Shut them out at once: logins, sessions, keys.

        Raises:
            NotAllowed, AccountNotFound, LastAdmin: as ``set_rights``.
        """
        require_admin(by)
        changed = await self._changed(user, UserChange(enabled=False))
        await self._sessions.end_all(user)
        await self._noted(by, "user.disable", changed, origin=origin)
        return changed

    async def remove(self, by: Principal, user: str, *, origin: Origin = HERE) -> None:
        """Remove a user; their sessions end, their keys are revoked.

        Raises:
            NotAllowed, AccountNotFound, LastAdmin: as ``set_rights``.
        """
        require_admin(by)
        gone = await self._existing(user)
        if not await self._store.remove_user(user):
            raise AccountNotFound("user", user)
        await self._noted(by, "user.remove", gone, origin=origin)

    async def change_password(self, by: Principal, old: str, new: str, *, origin: Origin = HERE) -> User:
        """Change one's own password; all other sessions of theirs end.

        Raises:
            BadLogin: the old one is wrong. TooManyAttempts: not looked at. WeakSecret: the new one is no good.
            AccountNotFound: ``by`` is no user.
        """
        user = await self._existing(by.id)
        self._passwords.check(new)
        async with self._throttle.attempt(user.name, origin.peer) as attempt:
            good, _ = await self._passwords.verify(old, user.password_hash)
            if not good:
                raise BadLogin("the current password is wrong")
            attempt.succeeded()
        changed = await self._with_password(user, new)
        if changed is None:
            raise BadLogin("the password was changed in the meantime; log in with the new one")
        await self._sessions.end_all(user.id, keep=by.credential if by.via == "session" else None)
        await self._noted(by, "user.password", changed, origin=origin)
        return changed

    async def reset_link(self, by: Principal, user: str, *, origin: Origin = HERE) -> str:
        """What lets its bearer choose a new password for ``user``, once, within a day. Show it to ``by`` alone.

        Raises:
            NotAllowed, AccountNotFound: as ``set_rights``.
        """
        require_admin(by)
        found = await self._existing(user)
        await self._noted(by, "user.reset_link", found, origin=origin)
        return self._links.for_reset(found)

    async def reset_password(self, link: str, new: str, *, origin: Origin = HERE) -> User:
        """Choose a password with a link; all sessions of the user end.

        Raises:
            BadToken: the link is not ours, was used, the password was changed since, or the user is disabled.
            TokenExpired: it is over. WeakSecret: the password is no good; the link stays good.
        """
        self._passwords.check(new)
        user = await self._store.get_user(self._links.user_of_reset(link))
        if user is None or not user.enabled or not self._links.is_current(link, user):
            raise BadToken("the link was used already or is good no more; ask an admin for a new one")
        changed = await self._with_password(user, new)
        if changed is None:
            raise BadToken("the link was used already or is good no more; ask an admin for a new one")
        await self._sessions.end_all(user.id)
        await self._noted(principal_of_user(changed, self.roles, via="link"), "user.reset", changed, origin=origin)
        return changed

    async def sessions(self, by: Principal, user: str) -> Sequence[Session]:
        """The sessions of a user, the newest first.

        Raises:
            NotAllowed: ``by`` is somebody else and no admin.
        """
        require_self_or_admin(by, user)
        return await self._sessions.of(user)

    async def end_session(self, by: Principal, user: str, session: str, *, origin: Origin = HERE) -> None:
        """End the session of ``user`` that has this digest.

        Raises:
            NotAllowed: ``by`` is somebody else and no admin. AccountNotFound: they have none such.
        """
        require_self_or_admin(by, user)
        if not await self._sessions.end_one(user, session):
            raise AccountNotFound("session", session)
        await self._journal.note(by, "session.end", f"user:{user}", origin=origin)

    async def end_sessions(self, by: Principal, user: str, *, origin: Origin = HERE) -> int:
        """End all sessions of a user, but the one that ``by`` asks with; answer how many.

        Raises:
            NotAllowed: ``by`` is somebody else and no admin.
        """
        require_self_or_admin(by, user)
        ended = await self._sessions.end_all(user, keep=by.credential if by.via == "session" else None)
        await self._journal.note(by, "session.end", f"user:{user}", f"all {ended}", origin=origin)
        return ended

    async def _new(
        self, name: str, password: str | None, role: str, grants: tuple[Grant, ...], *, must_change: bool
    ) -> NewUser:
        check_role(role, self.roles)
        if password is None:
            return NewUser(name=name, password_hash="", role=role, grants=grants)
        NewUser(name=name, password_hash="", role=role)  # refuses a bad name before any hashing
        self._passwords.check(password)
        hashed = await self._passwords.hash(password)
        return NewUser(name=name, password_hash=hashed, role=role, grants=grants, must_change_password=must_change)

    async def _with_password(self, user: User, new: str) -> User | None:
        """The user with a new password; None if it is not the one any more that ``user`` was read with."""
        change = UserChange(password_hash=await self._passwords.hash(new), must_change_password=False)
        return await self._store.change_user(user.id, change, if_hash=user.password_hash)

    async def _changed(self, user: str, change: UserChange) -> User:
        changed = await self._store.change_user(user, change)
        if changed is None:
            raise AccountNotFound("user", user)
        return changed

    async def _existing(self, user: str) -> User:
        found = await self._store.get_user(user)
        if found is None:
            raise AccountNotFound("user", user)
        return found

    async def _noted(self, by: Principal, action: str, user: User, detail: str = "", *, origin: Origin = HERE) -> None:
        words = f"{user.name}; {detail}" if detail else user.name
        await self._journal.note(by, action, f"user:{user.id}", words, origin=origin)
