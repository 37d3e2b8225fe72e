"""Values that a browser or a mail carries for us: anybody may read them, nobody can change them or use them elsewhere.

A value is good for one purpose. Its age is judged by our clock, so that tests can turn it.
"""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from taskcore.auth.secret_keys import checked_keys
from taskcore.clock import Clock, SystemClock
from taskcore.errors import BadToken, MissingExtra, TokenExpired

try:
    from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeTimedSerializer
except ImportError as error:
    raise MissingExtra("signed values need the extra: pip install 'taskcore[auth]'") from error

SESSION, SETUP, RESET, DOWNLOAD = "session", "setup", "reset", "download"
SKEW = timedelta(minutes=1)
"""By how much the clocks of two processes may differ."""
MAX_LENGTH = 4_000
"""Characters that are looked at; a browser keeps no longer cookie."""


class Signing:
    """Signs with the newest key and accepts all; a key that is left out makes what it signed worthless.

    Raises:
        WeakSecret: as ``checked_keys`` says.
    """

    def __init__(
        self, keys: str | bytes | Iterable[str | bytes], *, clock: Clock | None = None, name: str = "the secret key"
    ) -> None:
        # itsdangerous wants the newest last.
        self._keys = list(reversed(checked_keys(keys, name)))
        self._signs = _signer_at(clock or SystemClock())
        # What another process signed, whose clock is ahead of ours, is not from the future: it is new.
        self._verifies = _signer_at(clock or SystemClock(), ahead=SKEW)

    def __repr__(self) -> str:
        return f"<Signing with {len(self._keys)} keys>"

    def sign(self, purpose: str, value: str) -> str:
        """``value`` as URL-safe text that ``unsign`` takes for the same purpose."""
        return str(self._serializer(purpose, self._signs).dumps(value))

    def unsign(self, purpose: str, text: str, *, max_age: timedelta | None = None) -> str:
        """The value that ``sign`` was given.

        Raises:
            TokenExpired: it is older than ``max_age``. BadToken: it was changed, cut, or signed by another key or for
            another purpose.
        """
        age = None if max_age is None else int((max_age + SKEW).total_seconds())
        try:
            value = self._serializer(purpose, self._verifies).loads(text[:MAX_LENGTH], max_age=age)
        except SignatureExpired:
            raise TokenExpired(f"the {purpose} value is over; ask for a new one") from None
        except (BadData, ValueError):
            raise BadToken(f"the {purpose} value was not signed here for this, or was changed") from None
        if not isinstance(value, str):
            raise BadToken(f"the {purpose} value was not signed here for this, or was changed")
        return value

    def _serializer(self, purpose: str, signer: type[TimestampSigner]) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._keys,
            salt=f"taskcore.{purpose}",
            signer=signer,
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )


def _signer_at(clock: Clock, *, ahead: timedelta = timedelta(0)) -> type[TimestampSigner]:
    """The signer is made by the serializer, from a class; this is the only way to hand it a clock."""

    class ClockSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return int((clock.now() + ahead).timestamp())

    return ClockSigner
