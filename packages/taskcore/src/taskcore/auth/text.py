"""Text that came from outside, as stores can hold it: names that may be taken, digests, and whatever clients write."""

import re
from unicodedata import normalize

from taskcore.errors import InvalidInput

MAX_USER_NAME = 100
MAX_FOLDED = 200
MAX_TEXT = 300
MAX_DETAIL = 20_000
MAX_HASH = 500

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Any text, as every store can hold it: no NUL, no half of a surrogate pair, at most ``limit`` characters."""
    text = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fold(name: str) -> str:
    """What two names of users have in common that must not both exist: their case and their spelling in Unicode."""
    folded = normalize("NFKC", normalize("NFKC", clean(name, MAX_FOLDED)).casefold())
    return clean(folded, MAX_FOLDED)


def check_user_name(name: str) -> str:
    """Return a name that a user may have.

    Raises:
        InvalidInput: it is empty, too long, not printable, or begins or ends with a space.
    """
    good = 0 < len(name) <= MAX_USER_NAME and name.isprintable() and name == name.strip()
    if not good or len(normalize("NFKC", name).casefold()) >= MAX_FOLDED:
        raise InvalidInput(
            f"a user name must be 1 to {MAX_USER_NAME} printable characters without spaces at its ends, "
            f"got {name[:MAX_USER_NAME]!r}"
        )
    return name


def check_role(role: str) -> None:
    if not (0 < len(role) <= MAX_USER_NAME and role.isprintable()):
        raise InvalidInput(f"a role must be 1 to {MAX_USER_NAME} printable characters, got {role[:MAX_USER_NAME]!r}")


def check_hash(password_hash: str) -> None:
    """The message does not repeat it."""
    if clean(password_hash, MAX_HASH) != password_hash:
        raise InvalidInput(f"a password's hash must be at most {MAX_HASH} characters of text without NUL")


def check_digest(digest: str) -> None:
    """Anything else may be the secret itself."""
    if not re.fullmatch("[0-9a-f]{32,128}", digest):
        raise InvalidInput(
            "a digest must be 32 to 128 hexadecimal digits in small letters, as of hashlib's hexdigest()"
        )
