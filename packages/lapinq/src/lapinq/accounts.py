"""Who may log in: the users of a database, who are kept beside its tasks."""

import logging
from datetime import timedelta
from hashlib import sha256

from taskcore.auth.accounts import Accounts
from taskcore.auth.passwords import Passwords
from taskcore.auth.rules import default_password
from taskcore.auth.secret_keys import ADVISED
from taskcore.auth.signing import Signing
from taskcore.auth.stores import AccountStore

from lapinq.roles import USER_ROLES

log = logging.getLogger("lapinq.server")

FIRST_USER = "lapinq"
"""Name and password of the first user. While the password is that, it is good from this machine alone."""
MIN_PASSWORD = 4
"""Characters of a new password."""
SESSION_LASTS = timedelta(days=1)


def accounts_on(store: AccountStore, secret: str) -> Accounts:
    """The use cases of accounts; who closes ``store`` later closes these first.

    Args:
        secret: what session cookies are signed with. Processes that share it and the database share sessions.
    """
    return Accounts(
        store,
        signing_of(secret),
        passwords=Passwords(min_length=MIN_PASSWORD),
        roles=USER_ROLES,
        local_only=default_password(FIRST_USER, FIRST_USER),
        idle=SESSION_LASTS,
        absolute=SESSION_LASTS,
        key_prefix="lapinq",
    )


def signing_of(secret: str) -> Signing:
    """Secrets of any length were accepted by the public release, so a key is derived. A short one is no way in: what is
    signed is 256 random bits that the database knows."""
    if len(secret) < ADVISED:
        log.warning("LAPINQ_SESSION_SECRET has %d characters; %d or more are advised", len(secret), ADVISED)
    return Signing(sha256(b"lapinq session\0" + secret.encode()).hexdigest())
