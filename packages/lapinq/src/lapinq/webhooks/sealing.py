"""Secrets as they lie in the database: encrypted, where ``LAPINQ_ENCRYPTION_KEY`` is set, and otherwise as they are.

Every process that signs needs the keys that were used. The first one encrypts; the others are there for what was
encrypted before.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskcore.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MARK = "fernet:"
"""What is encrypted begins with it."""


class Sealed(InvalidInput):
    """A secret is encrypted, and not with a key that this process has."""

    code = "secret_sealed"


class Seal:
    """Encrypts and decrypts.

    Args:
        keys: 32 bytes each; without any, what is written stays as it is.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = tuple(keys)

    @property
    def has_keys(self) -> bool:
        return bool(self._keys)

    def close(self, secret: str) -> str:
        """A secret as it is to be stored."""
        if not self._keys:
            return secret
        return MARK + _fernet(self._keys[0]).encrypt(secret.encode()).decode()

    def open(self, stored: str) -> str:
        """The secret of a row.

        Raises:
            Sealed: that needs another key.
        """
        return self._opened_by(stored, self._keys) if is_closed(stored) else stored

    def is_current(self, stored: str) -> bool:
        """Whether a row is as ``close`` would write it."""
        if not is_closed(stored):
            return not self._keys
        try:
            return bool(self._opened_by(stored, self._keys[:1]))
        except Sealed:
            return False

    def _opened_by(self, stored: str, keys: Sequence[bytes]) -> str:
        from cryptography.fernet import InvalidToken  # loads for long, and only those who have keys need it

        for key in keys:
            try:
                return _fernet(key).decrypt(stored.removeprefix(MARK)).decode()
            except InvalidToken:
                continue
        raise Sealed("a secret of webhooks is encrypted with a key that is not in LAPINQ_ENCRYPTION_KEY here")


def is_closed(stored: str) -> bool:
    """Whether a row is encrypted."""
    return stored.startswith(MARK)


def _fernet(key: bytes) -> "Fernet":
    from cryptography.fernet import Fernet

    return Fernet(urlsafe_b64encode(key))
