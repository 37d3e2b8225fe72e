"""Secrets that nobody can guess, and what is left of them in a store.

They have 256 bits from the operating system, so one round of SHA-256 is enough: there is no list of likely ones to try.
"""

import hmac
import secrets
import string
from hashlib import sha256

SECRET_LENGTH = 43
"""Letters and digits: 256 bits."""
_LETTERS = string.ascii_letters + string.digits


def new_secret(length: int = SECRET_LENGTH) -> str:
    """Letters and digits alone, so that a double click selects the whole."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def digest(secret: str) -> str:
    """SHA-256 as 64 hexadecimal digits. Any text has one."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two texts in a time that says neither where they differ nor how long the other is."""
    return hmac.compare_digest(digest(one), digest(other))
