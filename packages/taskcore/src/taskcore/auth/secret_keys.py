"""Keys that sign: long enough, and several at a time while one is replaced."""

import logging
from collections.abc import Collection, Iterable

from taskcore.errors import WeakSecret

REFUSED_BELOW = 16
ADVISED = 32
_ADVICE = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'

logger = logging.getLogger(__name__)


def checked_keys(
    keys: str | bytes | Iterable[str | bytes], name: str, *, published: Collection[str] = ()
) -> tuple[bytes, ...]:
    """The keys as bytes, the newest first.

    Args:
        keys: one, or several, of which the first is the newest.
        name: of the setting, for the message.
        published: keys that stand in somebody's documentation or were a default once, so that everybody knows them.

    Raises:
        WeakSecret: there is none, one has fewer than 16 bytes, or is published. Fewer than 32 bytes are warned of.
    """
    given = [keys] if isinstance(keys, str | bytes) else list(keys)
    if not given:
        raise WeakSecret(f"{name} is not set; {_ADVICE}")
    known = {key.encode() for key in published}
    return tuple(_checked(key.encode() if isinstance(key, str) else key, name, known) for key in given)


def _checked(raw: bytes, name: str, known: Collection[bytes]) -> bytes:
    if raw in known:
        raise WeakSecret(f"{name} is one that everybody knows; {_ADVICE}")
    if len(raw) < REFUSED_BELOW:
        raise WeakSecret(f"{name} must have at least {REFUSED_BELOW} bytes, got {len(raw)}; {_ADVICE}")
    if len(raw) < ADVISED:
        logger.warning("%s has %d bytes; %d or more are advised; %s", name, len(raw), ADVISED, _ADVICE)
    return raw
