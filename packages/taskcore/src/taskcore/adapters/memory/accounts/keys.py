"""Keys for programs. The caller of a method holds the lock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from taskcore.auth.records import ApiKey, NewApiKey, check_page
from taskcore.clock import Clock
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId


class Keys:
    """What ``KeyStore`` does."""

    def __init__(self, clock: Clock, ids: Iterator[TaskId]) -> None:
        self._clock = clock
        self._ids = ids
        self._keys: dict[str, ApiKey] = {}
        self._by_digest: dict[str, str] = {}

    def add(self, new: NewApiKey, replaces: str | None = None) -> ApiKey:
        if new.digest in self._by_digest:
            raise InvalidInput("the digest of the key is taken; draw a new secret")
        now = self._clock.now()
        key = ApiKey(
            id=next(self._ids),
            digest=new.digest,
            name=new.name,
            owner=new.owner,
            prefix=new.prefix,
            role=new.role,
            grants=new.grants,
            created_at=now,
            expires_at=None if new.lifetime is None else now + new.lifetime,
            replaces=replaces,
        )
        self._keys[key.id] = key
        self._by_digest[key.digest] = key.id
        return key

    def rotate(self, key: str, new: NewApiKey, grace: timedelta) -> ApiKey | None:
        old = self._keys.get(key)
        if old is None or self._is_over(old):
            return None
        added = self.add(new, old.id)
        end = self._clock.now() + grace
        self._keys[key] = replace(old, expires_at=end if old.expires_at is None else min(old.expires_at, end))
        return added

    def get(self, key: str) -> ApiKey | None:
        return self._keys.get(key)

    def find(self, digest: str) -> ApiKey | None:
        key = self._keys.get(self._by_digest.get(digest, ""))
        return None if key is None or self._is_over(key) else key

    def page(self, owner: str | None, after: str | None, limit: int) -> list[ApiKey]:
        check_page(limit)
        found = [key for key in self._keys.values() if owner in (None, key.owner) and (after is None or key.id < after)]
        return sorted(found, key=lambda key: key.id, reverse=True)[:limit]

    def touch(self, key: str, peer: str) -> None:
        if key in self._keys:
            self._keys[key] = replace(self._keys[key], last_used_at=self._clock.now(), last_used_from=peer)

    def revoke(self, key: str) -> bool:
        present = self._keys.get(key)
        if present is None or present.revoked_at is not None:
            return False
        self._keys[key] = replace(present, revoked_at=self._clock.now())
        return True

    def revoke_all(self, owner: str) -> None:
        for key in [key.id for key in self._keys.values() if key.owner == owner]:
            self.revoke(key)

    def prune(self, older_than: timedelta, limit: int) -> int:
        before = self._clock.now() - older_than
        old = [key for key in self._keys.values() if (end := key.ended_at()) is not None and end < before]
        for key in old[:limit]:
            del self._keys[key.id], self._by_digest[key.digest]
        return len(old[:limit])

    def _is_over(self, key: ApiKey) -> bool:
        end = key.ended_at()
        return end is not None and end <= self._clock.now()
