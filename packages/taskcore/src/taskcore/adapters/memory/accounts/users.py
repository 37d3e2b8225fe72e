"""Users, and the sessions that need them. The caller of a method holds the lock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from taskcore.auth.records import NewSession, NewUser, Session, User, UserChange, check_page
from taskcore.auth.text import check_hash, fold
from taskcore.clock import Clock
from taskcore.errors import InvalidInput, LastAdmin, NameTaken
from taskcore.ids import TaskId


class Users:
    """What ``UserStore`` does, keys of removed users aside."""

    def __init__(self, clock: Clock, ids: Iterator[TaskId]) -> None:
        self._clock = clock
        self._ids = ids
        self._users: dict[str, User] = {}
        self._by_name: dict[str, str] = {}

    def add(self, new: NewUser) -> User:
        folded = fold(new.name)
        if folded in self._by_name:
            raise NameTaken(new.name)
        user = User(
            id=next(self._ids),
            name=new.name,
            password_hash=new.password_hash,
            role=new.role,
            grants=new.grants,
            enabled=new.enabled,
            must_change_password=new.must_change_password,
            created_at=self._clock.now(),
        )
        self._users[user.id] = user
        self._by_name[folded] = user.id
        return user

    def add_first(self, new: NewUser) -> User | None:
        return None if self._users else self.add(new)

    def get(self, user: str) -> User | None:
        return self._users.get(user)

    def find(self, name: str) -> User | None:
        return self._users.get(self._by_name.get(fold(name), ""))

    def page(self, after: str | None, limit: int) -> list[User]:
        check_page(limit)
        names = sorted(name for name in self._by_name if after is None or name > fold(after))
        return [self._users[self._by_name[name]] for name in names[:limit]]

    def change(self, user: str, change: UserChange, *, keep_admin: bool, if_hash: str | None) -> User | None:
        before = self._users.get(user)
        if before is None or if_hash not in (None, before.password_hash):
            return None
        fields = {name: value for name in change.__slots__ if (value := getattr(change, name)) is not None}
        if change.password_hash is not None:
            fields["password_changed_at"] = self._clock.now()
        after = replace(before, **fields)
        if keep_admin and not after.is_admin:
            self._keep_admin(before)
        self._users[user] = after
        return after

    def rehash(self, user: str, before: str, after: str) -> bool:
        check_hash(after)
        present = self._users.get(user)
        if present is None or present.password_hash != before:
            return False
        self._users[user] = replace(present, password_hash=after)
        return True

    def touch(self, user: str) -> None:
        if user in self._users:
            self._users[user] = replace(self._users[user], last_login_at=self._clock.now())

    def remove(self, user: str, *, keep_admin: bool) -> bool:
        present = self._users.get(user)
        if present is None:
            return False
        if keep_admin:
            self._keep_admin(present)
        del self._users[user], self._by_name[fold(present.name)]
        return True

    def _keep_admin(self, leaving: User) -> None:
        others = (user for user in self._users.values() if user.id != leaving.id)
        if leaving.is_admin and not any(user.is_admin for user in others):
            raise LastAdmin(leaving.name)


class Sessions:
    """What ``SessionStore`` does."""

    def __init__(self, clock: Clock, users: Users) -> None:
        self._clock = clock
        self._users = users
        self._sessions: dict[str, Session] = {}

    def add(self, new: NewSession, if_hash: str | None) -> Session | None:
        user = self._users.get(new.user)
        if user is None or not user.enabled or if_hash not in (None, user.password_hash):
            return None
        if new.digest in self._sessions:
            raise InvalidInput("the digest of the session is taken; draw a new secret")
        now = self._clock.now()
        self._sessions[new.digest] = session = Session(
            digest=new.digest,
            user=new.user,
            created_at=now,
            seen_at=now,
            expires_at=now + new.lifetime,
            peer=new.peer,
            user_agent=new.user_agent,
        )
        return session

    def find(self, digest: str, idle: timedelta) -> Session | None:
        session = self._sessions.get(digest)
        return None if session is None or self._is_over(session, idle) else session

    def touch(self, digest: str) -> None:
        session = self._sessions.get(digest)
        if session is not None:
            self._sessions[digest] = replace(session, seen_at=self._clock.now())

    def of(self, user: str) -> list[Session]:
        now = self._clock.now()
        found = [session for session in self._sessions.values() if session.user == user and session.expires_at > now]
        return sorted(found, key=lambda session: (session.created_at, session.digest), reverse=True)

    def remove(self, digest: str) -> bool:
        return self._sessions.pop(digest, None) is not None

    def remove_all(self, user: str, keep: str | None) -> int:
        found = [each.digest for each in self._sessions.values() if each.user == user and each.digest != keep]
        return sum(map(self.remove, found))

    def prune(self, idle: timedelta, limit: int) -> int:
        over = [each.digest for each in self._sessions.values() if self._is_over(each, idle)]
        return sum(map(self.remove, over[:limit]))

    def _is_over(self, session: Session, idle: timedelta) -> bool:
        now = self._clock.now()
        return session.expires_at <= now or session.seen_at + idle < now
