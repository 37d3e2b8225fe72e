"""Keys for programs: ``tc_live_3f9a0c12_...``, shown once, kept as a digest.

The prefix tells people and secret scanners what it is, the next part tells which one; the rest is secret.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from taskcore.auth.digests import SECRET_LENGTH, digest, new_secret, same
from taskcore.auth.permissions import Grant
from taskcore.auth.records import ApiKey, NewApiKey
from taskcore.auth.stores import KeyStore
from taskcore.clock import Clock, SystemClock
from taskcore.errors import InvalidInput

ID_LENGTH = 8
TOUCH_EVERY = timedelta(minutes=1)
GRACE = timedelta(days=1)
_PREFIX = re.compile("[a-z][a-z0-9]{0,15}")
_KEY = re.compile(rf"([a-z][a-z0-9]{{0,15}}_live_[A-Za-z0-9]{{{ID_LENGTH}}})_[A-Za-z0-9]{{{SECRET_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key that was just made, and its text, which nobody can have again."""

    key: ApiKey
    text: str = field(repr=False)


def visible_part(text: str) -> str | None:
    """What may be shown of a key, as in ``tc_live_3f9a0c12``; None when ``text`` has not the form of one."""
    match = _KEY.fullmatch(text)
    return match[1] if match else None


class Keys:
    """Makes, finds and ends keys.

    Args:
        prefix: of new keys; small letters and digits.
    """

    def __init__(self, store: KeyStore, *, prefix: str = "tc", clock: Clock | None = None) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise InvalidInput(f"a key prefix is 1 to 16 small letters and digits, a letter first, got {prefix!r:.40}")
        self._store = store
        self._prefix = prefix
        self._clock = clock or SystemClock()

    async def create(
        self,
        name: str,
        *,
        role: str = "",
        grants: tuple[Grant, ...] = (),
        owner: str | None = None,
        lifetime: timedelta | None = None,
    ) -> IssuedKey:
        """A new key; without ``lifetime`` it is good until it is revoked."""
        text, new = self._new(name, role, grants, owner, lifetime)
        return IssuedKey(await self._store.add_key(new), text)

    async def rotate(self, key: str, *, grace: timedelta = GRACE) -> IssuedKey | None:
        """A key with the same name, rights and lifetime as the one with the id ``key``, which is good for ``grace``
        more; None when there is none such that is still good."""
        old = await self._store.get_key(key)
        if old is None:
            return None
        lifetime = old.expires_at - old.created_at if old.expires_at is not None else None
        text, new = self._new(old.name, old.role, old.grants, old.owner, lifetime)
        made = await self._store.rotate_key(key, new, grace=grace)
        return IssuedKey(made, text) if made is not None else None

    async def find(self, text: str, *, peer: str = "") -> ApiKey | None:
        """The key with this text, if it is good; its use is noted once a minute at most."""
        key = await self._store.find_key(digest(text)) if visible_part(text) is not None else None
        if key is None or not same(key.digest, digest(text)):
            return None
        used = key.last_used_at
        if used is None or abs(self._clock.now() - used) >= TOUCH_EVERY:
            await self._store.touch_key(key.id, peer=peer)
        return key

    async def revoke(self, key: str) -> bool:
        """End a key at once; False when there is none, or it is revoked already."""
        return await self._store.revoke_key(key)

    async def get(self, key: str) -> ApiKey | None:
        """The key with this id, whatever its state."""
        return await self._store.get_key(key)

    async def page(self, *, owner: str | None, after: str | None, limit: int) -> Sequence[ApiKey]:
        """Keys of a user, or of all, in any state, the newest first, those behind the id ``after``."""
        return await self._store.keys(owner=owner, after=after, limit=limit)

    def _new(
        self, name: str, role: str, grants: tuple[Grant, ...], owner: str | None, lifetime: timedelta | None
    ) -> tuple[str, NewApiKey]:
        shown = f"{self._prefix}_live_{new_secret(ID_LENGTH)}"
        text = f"{shown}_{new_secret()}"
        return text, NewApiKey(
            digest=digest(text), name=name, owner=owner, prefix=shown, role=role, grants=grants, lifetime=lifetime
        )
