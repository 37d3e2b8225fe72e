"""API keys: who may make them, with which rights. Each change leaves an audit entry."""

from collections.abc import Sequence
from datetime import timedelta

from taskcore.auth.auditing import HERE, Journal, Origin
from taskcore.auth.keys import GRACE, IssuedKey, Keys
from taskcore.auth.permissions import Grant, Verb
from taskcore.auth.principal import Principal
from taskcore.auth.records import ApiKey
from taskcore.auth.rules import Roles, check_role, cut, require_admin, require_self_or_admin
from taskcore.auth.stores import AccountStore
from taskcore.errors import AccountNotFound, InvalidInput, NotAllowed


class KeyAdmin:
    """``Accounts.keys``. Users make keys for themselves; admins make them for anybody, and for nobody in particular."""

    def __init__(self, store: AccountStore, keys: Keys, journal: Journal, *, roles: Roles) -> None:
        self._store = store
        self._keys = keys
        self._journal = journal
        self._roles = roles

    async def page(
        self, by: Principal, *, owner: str | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[ApiKey]:
        """At most ``limit`` keys of a user, or of all, in any state, the newest first, those behind the id ``after``.

        Raises:
            NotAllowed: they are not those of ``by``, who is no admin. InvalidInput: ``limit`` is out of its range.
        """
        if owner is None:
            require_admin(by)
        else:
            require_self_or_admin(by, owner)
        return await self._keys.page(owner=owner, after=after, limit=limit)

    async def create(
        self,
        by: Principal,
        name: str,
        *,
        role: str = "",
        grants: tuple[Grant, ...] = (),
        owner: str | None = None,
        lifetime: timedelta | None = None,
        origin: Origin = HERE,
    ) -> IssuedKey:
        """Make a key. What its bearer may do is what ``role`` and ``grants`` say, and with an owner never more than the
        owner may. Its text is in the answer, and nowhere else.

        Raises:
            NotAllowed: it is not for ``by``, or would have more rights than ``by``, who is no admin.
            AccountNotFound: no such owner. InvalidInput: the role, the name or the lifetime.
        """
        self._check(name, role, lifetime)
        await self._check_rights(by, Principal(id="", name=name, role=role, grants=grants), owner)
        issued = await self._keys.create(name, role=role, grants=grants, owner=owner, lifetime=lifetime)
        await self._noted(by, "key.create", issued.key, origin)
        return issued

    async def rotate(self, by: Principal, key: str, *, grace: timedelta = GRACE, origin: Origin = HERE) -> IssuedKey:
        """Make a key with the same rights; the old one is good for ``grace`` more.

        Raises:
            NotAllowed: it is not a key of ``by``, who is no admin. AccountNotFound: no such key that is good.
        """
        await self._theirs(by, key)
        issued = await self._keys.rotate(key, grace=grace)
        if issued is None:
            raise AccountNotFound("key", key)
        await self._noted(by, "key.rotate", issued.key, origin)
        return issued

    async def revoke(self, by: Principal, key: str, *, origin: Origin = HERE) -> None:
        """End a key at once. One that is revoked already stays so.

        Raises:
            NotAllowed, AccountNotFound: as ``rotate``.
        """
        found = await self._theirs(by, key)
        if await self._keys.revoke(key):
            await self._noted(by, "key.revoke", found, origin)

    def _check(self, name: str, role: str, lifetime: timedelta | None) -> None:
        if not name.strip():
            raise InvalidInput("a key needs a name that says what it is for, got an empty one")
        if role:
            check_role(role, self._roles)
        if lifetime is not None and lifetime <= timedelta(0):
            raise InvalidInput(f"a key must be good for some time, got {lifetime}")

    async def _check_rights(self, by: Principal, wanted: Principal, owner: str | None) -> None:
        if owner is not None and await self._store.get_user(owner) is None:
            raise AccountNotFound("user", owner)
        if by.may(Verb.ADMIN):
            return
        if owner is None or owner != by.id:
            raise NotAllowed(f"{by.name} may make keys for {by.name} alone; an admin can make others")
        if cut(wanted, by) != wanted:
            raise NotAllowed(f"{by.name} may not hand on more than they may do; leave out rights, or ask an admin")

    async def _theirs(self, by: Principal, key: str) -> ApiKey:
        found = await self._keys.get(key)
        if found is None or found.owner is None:
            require_admin(by)
        else:
            require_self_or_admin(by, found.owner)
        if found is None:
            raise AccountNotFound("key", key)
        return found

    async def _noted(self, by: Principal, action: str, key: ApiKey, origin: Origin) -> None:
        await self._journal.note(by, action, f"key:{key.id}", f"{key.name}; {key.prefix}", origin=origin)
