"""What ``Storage`` knows of users: plain dicts that are JSON, and no word about who asks."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import User
from taskcore.auth.stores import AccountStore
from taskcore.errors import AccountNotFound, BadLogin, TooManyAttempts

from lapinq.accounts import FIRST_USER, accounts_on
from lapinq.roles import USER, grants_of, permissions_of

Row = dict[str, Any]

_HERE = Origin(peer="127.0.0.1")
"""Whoever can open the database is on this machine, as far as the first password goes."""
_PAGE = 1_000


class StoredUsers(ABC):
    """The users of a database; the first one is made when they are asked for.

    Every method raises ``StoreUnavailable`` when it cannot be reached.

    Attributes:
        _people: opened when they are first needed; there is no session among them.
    """

    _people: Accounts | None = None

    @abstractmethod
    async def account_store(self) -> AccountStore:
        """Where they are kept."""

    async def ensure_default_admin(self) -> None:
        """Make the first user, while there is none."""
        await (await self._users()).users.ensure_first(FIRST_USER, FIRST_USER)

    async def authenticate(self, username: str, password: str) -> Row | None:
        """Who has this name and password: ``id``, ``username``, ``role`` and ``permissions``. None is nobody, or too
        many attempts."""
        people = await self._users()
        try:
            found = await people.recognise_password(username, password, origin=_HERE)
        except (BadLogin, TooManyAttempts):
            return None
        return _row(await people.users.get(SYSTEM, found.id), "id", "username", "role", "permissions")

    async def get_user_by_id(self, user_id: str | UUID) -> Row | None:
        """``id``, ``username``, ``role``, ``permissions`` and ``created_at``."""
        with suppress(AccountNotFound):
            return _row(await (await self._users()).users.get(SYSTEM, str(user_id)))
        return None

    async def create_user(self, username: str, password: str, role: str = USER) -> Row:
        """Make a user, and return ``id``, ``username``, ``role`` and ``created_at``.

        Raises:
            InvalidInput: the name is taken or is none, or so is the role, or the password is too short.
        """
        users = (await self._users()).users
        made = await users.create(SYSTEM, username, password, role=role, must_change_password=False)
        return _row(made, "id", "username", "role", "created_at")

    async def list_users(self) -> list[Row]:
        """Every user, the oldest first."""
        users, found = (await self._users()).users, list[User]()
        while page := await users.page(SYSTEM, after=found[-1].name if found else None, limit=_PAGE):
            found += page
        return [_row(user) for user in sorted(found, key=lambda user: (user.created_at, user.id))]

    async def update_password(self, user_id: str | UUID, new_password: str) -> bool:
        """Replace a password, and end the sessions of its owner; False when there is no such user.

        Raises:
            WeakSecret: it is too short.
        """
        with suppress(AccountNotFound):
            users = (await self._users()).users
            await users.reset_password(await users.reset_link(SYSTEM, str(user_id)), new_password)
            return True
        return False

    async def update_role(self, user_id: str | UUID, new_role: str) -> bool:
        """False when there is no such user.

        Raises:
            InvalidInput: there is no such role. LastAdmin: nobody else is one.
        """
        with suppress(AccountNotFound):
            await (await self._users()).users.set_rights(SYSTEM, str(user_id), role=new_role)
            return True
        return False

    async def update_permissions(self, user_id: str | UUID, permissions: Mapping[str, Any]) -> bool:
        """Grant ``{"queues": {"video": ["delete", "cancel"]}}`` instead of what was granted before; False when there is
        no such user."""
        with suppress(AccountNotFound):
            await (await self._users()).users.set_rights(SYSTEM, str(user_id), grants=grants_of(permissions))
            return True
        return False

    async def delete_user(self, user_id: str | UUID) -> bool:
        """False when there is no such user.

        Raises:
            LastAdmin: nobody else is one.
        """
        with suppress(AccountNotFound):
            await (await self._users()).users.remove(SYSTEM, str(user_id))
            return True
        return False

    async def _users(self) -> Accounts:
        if self._people is None:
            self._people = accounts_on(await self.account_store(), secrets.token_hex(32))
            await self._people.users.ensure_first(FIRST_USER, FIRST_USER)
        return self._people

    async def _forget_users(self) -> None:
        people, self._people = self._people, None
        if people is not None:
            await people.close()


def _row(user: User, *keys: str) -> Row:
    found = {
        "id": user.id,
        "username": user.name,
        "role": user.role,
        "permissions": permissions_of(user.grants),
        "created_at": user.created_at.isoformat(),
    }
    return {key: found[key] for key in keys} if keys else found
