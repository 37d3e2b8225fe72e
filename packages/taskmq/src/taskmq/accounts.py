"""The users of a queue: they are kept beside its jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskcore.auth.accounts import Accounts
from taskcore.auth.signing import Signing

from taskmq.roles import USER_ROLES
from taskmq.storage.store_backend import StoreBackend


@asynccontextmanager
async def accounts_of(backend: StoreBackend, signing: Signing) -> AsyncIterator[Accounts]:
    """Open while the context is, for the event loop of this moment.

    Raises:
        StoreUnavailable: as the store's own ``open``. NotSupported: the backend keeps no users.
    """
    store = await backend.open_accounts()
    accounts = Accounts(store, signing, roles=USER_ROLES)
    try:
        yield accounts
    finally:
        await accounts.close()
        await store.close()
