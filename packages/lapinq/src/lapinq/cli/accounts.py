"""Who may do what, as commands find them: users by their names, keys by what is shown of them."""

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

from taskcore.auth.accounts import Accounts
from taskcore.auth.keys import visible_part
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import ApiKey, User
from taskcore.auth.stores import AccountStore

from lapinq.accounts import accounts_on
from lapinq.cli.failures import Failure, bad_input
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import visible
from lapinq.wiring import open_accounts

_PAGE = 1_000
_SHORTEST = 6
"""Characters that may stand for a key."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of accounts, and what they lack: finding by name."""

    accounts: Accounts
    store: AccountStore

    async def user(self, name: str) -> User:
        """
        Raises:
            Failure: nobody has this name.
        """
        found = await self.store.find_user(name)
        if found is None:
            told = f'there is no user "{visible(name)}"'
            raise Failure(told, hint="list them with: lapinq users list", code="not_found")
        return found

    async def users(self) -> Sequence[User]:
        """All of them, by name."""
        found = list[User]()
        while page := await self.accounts.users.page(SYSTEM, after=found[-1].name if found else None, limit=_PAGE):
            found += page
        return found

    async def keys(self, owner: str | None = None) -> Sequence[ApiKey]:
        """All of them, or a user's, the newest first."""
        found = list[ApiKey]()
        while page := await self.accounts.keys.page(
            SYSTEM, owner=owner, after=found[-1].id if found else None, limit=_PAGE
        ):
            found += page
        return found

    async def key(self, text: str) -> ApiKey:
        """The key with this id, this text, or so much of its prefix.

        Raises:
            Failure: there is none, or more than one.
        """
        text = visible_part(text) or text
        found = [key for key in await self.keys() if key.id == text or (len(text) >= _SHORTEST and text in key.prefix)]
        if not found:
            told = f'there is no key "{visible(text)}"'
            raise Failure(told, hint="name its id or prefix; list them with: lapinq keys list", code="not_found")
        if len(found) > 1:
            raise bad_input(f'more than one key is "{visible(text)}"', hint="write more of it: lapinq keys list")
        return found[0]


@asynccontextmanager
async def desk_of(args: argparse.Namespace) -> AsyncIterator[Desk]:
    """For the database that the options name.

    Raises: as ``Service.open``.
    """
    settings = settings_of(args)
    async with opened(settings):  # which brings the tables to this release
        store = await open_accounts(settings)
        accounts = accounts_on(store, token_hex(32))  # nothing that is signed here leaves this process
        try:
            yield Desk(accounts, store)
        finally:
            await accounts.close()
            await store.close()
