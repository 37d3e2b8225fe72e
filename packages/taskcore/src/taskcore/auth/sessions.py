"""Browsers that are logged in. The server knows each of them, so that any can be ended at once.

The cookie is a random secret, signed; the store has its SHA-256. A stolen database opens no session, and a cookie that
was not made here is refused without asking the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from taskcore.auth.digests import digest, new_secret
from taskcore.auth.records import NewSession, Session, User
from taskcore.auth.signing import SESSION, Signing
from taskcore.auth.stores import SessionStore
from taskcore.clock import Clock, SystemClock
from taskcore.errors import BadToken

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=24)
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that was just begun, and the value of its cookie, which nobody can have again."""

    session: Session
    cookie: str = field(repr=False)


class Sessions:
    """Begins, finds and ends sessions.

    Args:
        idle: a session that nobody used for longer is over.
        absolute: so is one that is older, however busy.
    """

    def __init__(
        self,
        store: SessionStore,
        signing: Signing,
        *,
        idle: timedelta = IDLE,
        absolute: timedelta = ABSOLUTE,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._signing = signing
        self.idle, self.absolute = idle, absolute
        self._clock = clock or SystemClock()

    async def begin(
        self, user: User, *, peer: str = "", user_agent: str = "", instead_of: str | None = None
    ) -> OpenSession | None:
        """A new session for ``user``; None if their password changed since ``user`` was read, or they are disabled.

        Args:
            instead_of: the cookie that the browser had; its session ends, so that a cookie which somebody planted
                before the login is worth nothing after it.
        """
        secret = new_secret()
        new = NewSession(digest=digest(secret), user=user.id, lifetime=self.absolute, peer=peer, user_agent=user_agent)
        session = await self._store.add_session(new, if_hash=user.password_hash)
        if session is not None and instead_of is not None:
            await self.end(instead_of)
        return OpenSession(session, self._signing.sign(SESSION, secret)) if session is not None else None

    async def find(self, cookie: str) -> Session | None:
        """The session of a cookie; None when it was not made here, is over, or was ended."""
        found = self.digest_of(cookie)
        session = await self._store.find_session(found, idle=self.idle) if found is not None else None
        # ``seen_at`` is the store's time: a clock that is far off either way costs a write, never a session.
        if session is not None and abs(self._clock.now() - session.seen_at) >= TOUCH_EVERY:
            await self._store.touch_session(session.digest)
        return session

    async def end(self, cookie: str) -> bool:
        """End the session of a cookie; False when there was none."""
        found = self.digest_of(cookie)
        return found is not None and await self._store.remove_session(found)

    async def of(self, user: str) -> Sequence[Session]:
        """The sessions of a user that have not expired, the newest first. One that nobody used for long is among them
        until ``prune``: better that somebody sees one too many than that a clock hides one."""
        return await self._store.sessions(user)

    async def end_one(self, user: str, session: str) -> bool:
        """End the session of ``user`` with this digest; False when they have none such."""
        theirs = any(each.digest == session for each in await self._store.sessions(user))
        return theirs and await self._store.remove_session(session)

    async def end_all(self, user: str, *, keep: str | None = None) -> int:
        """End all sessions of a user but that with the digest ``keep``; answer how many."""
        return await self._store.remove_sessions(user, keep=keep)

    async def prune(self) -> int:
        """Remove some that are over; answer how many."""
        return await self._store.prune_sessions(idle=self.idle)

    def digest_of(self, cookie: str) -> str | None:
        """The name of a cookie's session; None when the cookie was not made here."""
        try:
            return digest(self._signing.unsign(SESSION, cookie))
        except BadToken:
            return None
