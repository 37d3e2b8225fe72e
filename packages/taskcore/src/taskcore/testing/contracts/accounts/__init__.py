"""What every store of accounts proves: the whole port, in one class to inherit."""

from taskcore.auth.stores import AccountStore
from taskcore.testing.accounts import a_user
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.accounts.admins import AdminsContract
from taskcore.testing.contracts.accounts.audit import AuditContract
from taskcore.testing.contracts.accounts.keys import KeysContract
from taskcore.testing.contracts.accounts.rotation import RotationContract
from taskcore.testing.contracts.accounts.sessions import SessionsContract
from taskcore.testing.contracts.accounts.users import UsersContract

__all__ = [
    "AccountStoreContract",
    "AdminsContract",
    "AuditContract",
    "KeysContract",
    "RotationContract",
    "SessionsContract",
    "UsersContract",
]


class AccountStoreContract(
    UsersContract, AdminsContract, SessionsContract, KeysContract, RotationContract, AuditContract
):
    """A backend supplies three fixtures: ``clock`` (a ``FakeClock``), an empty ``store`` that follows it, and
    ``another``: a second handle on the same data, as another process would have."""

    async def test_a_store_that_works_passes_its_own_check(self, store: AccountStore, clock: FakeClock) -> None:
        await store.check()

        assert clock.now() == await store.now()

    async def test_closing_twice_is_fine_and_leaves_other_handles_alone(
        self, store: AccountStore, another: AccountStore
    ) -> None:
        user = await store.add_user(a_user())

        await store.close()
        await store.close()

        assert user == await another.get_user(user.id)
