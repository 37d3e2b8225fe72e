"""What webhooks are signed with: the secrets of the environment, and those that were made here, which all processes of
a database share.

To change the secret of a receiver make a new one; from then on both sign, until the time is over in which the receiver
learns it.
"""

# ruff: noqa: S608 - statements are put together from constants alone
import secrets
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from taskcore.errors import InvalidInput

from lapinq.schema.names import WEBHOOK_SECRETS
from lapinq.settings import webhook_key
from lapinq.tables import Tables
from lapinq.webhooks.message import Signer
from lapinq.webhooks.sealing import Seal, Sealed

GRACE = timedelta(days=1)
MAX_GRACE = timedelta(days=365)
MOST = 20
"""Of one database; each one makes every message longer."""
BROKEN = "no secret"
"""In the place of a fingerprint, where a row holds none."""
UNREADABLE = "needs another key"
"""In the place of a fingerprint, where a row is encrypted, and not for this process."""
REMEMBERED = 5.0
"""Seconds for which a process signs with what it read last."""

_GOOD = f"SELECT secret FROM {WEBHOOK_SECRETS} WHERE ends_at IS NULL OR ends_at > now() ORDER BY created_at, id"
_LIST = f"""
SELECT id, secret, created_at, ends_at FROM {WEBHOOK_SECRETS} WHERE ends_at IS NULL OR ends_at > now()
ORDER BY created_at DESC, id"""
_OVER = f"DELETE FROM {WEBHOOK_SECRETS} WHERE ends_at <= now()"
_ENDING = f"UPDATE {WEBHOOK_SECRETS} SET ends_at = least(ends_at, now() + $1)"
_COUNT = f"SELECT count(*) FROM {WEBHOOK_SECRETS}"
_ADD = f"INSERT INTO {WEBHOOK_SECRETS} (secret) VALUES ($1) RETURNING id, created_at"
_STORED = f"SELECT id, secret FROM {WEBHOOK_SECRETS} FOR UPDATE"
_REPLACE = f"UPDATE {WEBHOOK_SECRETS} SET secret = $2 WHERE id = $1"
_END = f"DELETE FROM {WEBHOOK_SECRETS} WHERE id = $1 RETURNING true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What is told of a secret: never the secret.

    Attributes:
        id: None for one of the environment, which ends with it.
        fingerprint: of its key, by which two can be told apart.
        ends_at: when it signs no more; None is never.
    """

    id: str | None
    fingerprint: str
    created_at: datetime | None
    ends_at: datetime | None

    @property
    def source(self) -> str:
        """ "environment" or "database"."""
        return "environment" if self.id is None else "database"

    def document(self) -> dict[str, str | None]:
        """The JSON form."""
        return {
            "id": self.id,
            "fingerprint": self.fingerprint,
            "source": self.source,
            "created_at": None if self.created_at is None else self.created_at.isoformat(),
            "ends_at": None if self.ends_at is None else self.ends_at.isoformat(),
        }


class Secrets:
    """The use cases. Every method raises ``StoreUnavailable`` when the database cannot be reached.

    Args:
        fixed: keys of the environment.
        seal: how they lie in the database.
    """

    def __init__(self, tables: Tables, fixed: Sequence[bytes], seal: Seal | None = None) -> None:
        self._tables, self._fixed, self._seal = tables, tuple(fixed), seal or Seal()
        self._signer: Signer | None = None
        self._read_at = 0.0

    async def signer(self) -> Signer:
        """Signs with every secret that is good; as it was known up to ``REMEMBERED`` ago.

        Raises:
            Sealed: one of them needs another key. Whoever knows that one alone would refuse what is not signed with it.
        """
        if self._signer is None or time.monotonic() - self._read_at > REMEMBERED:
            async with self._tables.transaction() as connection:
                stored = [_key_of(self._seal.open(secret)) for (secret,) in await connection.fetch(_GOOD)]
            keys = [*self._fixed, *(key for key in stored if key is not None)]
            self._signer, self._read_at = Signer(keys), time.monotonic()
        return self._signer

    async def list(self) -> Sequence[Secret]:
        """The secrets that are good, the newest first, and then those of the environment."""
        async with self._tables.transaction() as connection:
            rows = await connection.fetch(_LIST)
        stored = [self._row(str(id_), secret, made, ends) for id_, secret, made, ends in rows]
        return [*stored, *(_secret(None, key, None, None) for key in self._fixed)]

    def _row(self, id_: str, stored: str, made: datetime, ends: datetime | None) -> Secret:
        try:
            return _secret(id_, _key_of(self._seal.open(stored)), made, ends)
        except Sealed:
            return Secret(id=id_, fingerprint=UNREADABLE, created_at=made, ends_at=ends)

    async def rotate(self, grace: timedelta = GRACE) -> tuple[Secret, str]:
        """Make a secret, and let those that were made before sign for ``grace`` more. Its text is in the answer, and
        nowhere else.

        Raises:
            InvalidInput: ``grace`` is negative or longer than a year, or there are too many. Sealed: one of those that
                go on needs another key, so this one would lie there in the open, or be read by nobody else.
        """
        if not timedelta(0) <= grace <= MAX_GRACE:
            raise InvalidInput(f"grace must be from 0 to {MAX_GRACE.days} days, got {grace}")
        text = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
        async with self._tables.transaction() as connection:
            await connection.execute(_ENDING, grace)
            await connection.execute(_OVER)
            if await connection.fetchval(_COUNT) >= MOST:
                raise InvalidInput(f"there are {MOST} secrets already: end some first")
            for (kept,) in await connection.fetch(_GOOD):
                self._seal.open(kept)  # who cannot read the others has no key, or one that other processes lack
            id_, made = await connection.fetchrow(_ADD, self._seal.close(text))
        self._signer = None
        return _secret(str(id_), webhook_key(text), made, None), text

    async def encrypt(self) -> int:
        """Encrypt with the first key what is there, in whatever way it lies there; answers how many that were.

        Raises:
            InvalidInput: there is no key. Sealed: a secret needs another one, and everything is as it was.
        """
        if not self._seal.has_keys:
            raise InvalidInput("set LAPINQ_ENCRYPTION_KEY: the base64 of 32 random bytes, the same for every process")
        async with self._tables.transaction() as connection:
            rows = await connection.fetch(_STORED)
            others = [(id_, stored) for id_, stored in rows if not self._seal.is_current(stored)]
            for id_, stored in others:
                await connection.execute(_REPLACE, id_, self._seal.close(self._seal.open(stored)))
        return len(others)

    async def end(self, secret: UUID) -> bool:
        """Let a secret sign no more, from a few seconds on everywhere. False when there is none."""
        async with self._tables.transaction() as connection:
            ended = bool(await connection.fetchval(_END, secret))
        self._signer = None
        return ended


def _secret(id_: str | None, key: bytes | None, created_at: datetime | None, ends_at: datetime | None) -> Secret:
    fingerprint = BROKEN if key is None else sha256(key).hexdigest()[:12]
    return Secret(id=id_, fingerprint=fingerprint, created_at=created_at, ends_at=ends_at)


def _key_of(secret: str) -> bytes | None:
    """The key of a row. One that somebody wrote by hand, and that holds none, keeps nothing from being delivered."""
    try:
        return webhook_key(secret)
    except InvalidInput:
        return None
