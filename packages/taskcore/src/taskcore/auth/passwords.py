"""Passwords: argon2id for what is new, and the hashes of earlier releases until their owners next log in."""

import asyncio
import hmac
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from hashlib import pbkdf2_hmac

from taskcore.errors import MissingExtra, WeakSecret

try:
    from pwdlib import PasswordHash
    from pwdlib.exceptions import UnknownHashError
    from pwdlib.hashers.argon2 import Argon2Hasher
except ImportError as error:
    raise MissingExtra("passwords need the extra: pip install 'taskcore[auth]'") from error

MIN_LENGTH = 8
MAX_BYTES = 1_024
THREADS = 2
"""A hash takes 64 MiB and some 30 ms of a core: logins beyond two wait, and the application keeps its own threads."""
_EARLIER = "pbkdf2:sha256:"
_MAX_ITERATIONS = 10_000_000
"""A stored hash that asks for more could only serve to keep a thread busy."""


class Passwords:
    """Hashes and verifies, in threads of its own.

    Args:
        min_length: characters that a new password needs; old ones stay good.
        hasher: of new hashes; what was hashed with other parameters is hashed again when its owner logs in.
    """

    def __init__(self, *, min_length: int = MIN_LENGTH, hasher: Argon2Hasher | None = None) -> None:
        self.min_length = min_length
        self._hasher = PasswordHash([hasher or Argon2Hasher()])
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="taskcore-password")
        self._of_nobody: str | None = None

    def check(self, password: str) -> None:
        """Whether somebody may choose this password.

        Raises:
            WeakSecret: it is too short or too long, or is no text.
        """
        if len(password) < self.min_length:
            raise WeakSecret(f"a password needs at least {self.min_length} characters, got {len(password)}")
        if not _fits(password):
            raise WeakSecret(f"a password is text of at most {MAX_BYTES:,} bytes in UTF-8")

    async def hash(self, password: str) -> str:
        """Hash any password that ``verify`` can take; whoever lets people choose one asks ``check`` first.

        Raises:
            WeakSecret: it is too long, or is no text.
        """
        if not _fits(password):
            raise WeakSecret(f"a password is text of at most {MAX_BYTES:,} bytes in UTF-8")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether ``password`` belongs to ``stored``, and the hash to store instead of one of another kind.

        A user who does not exist (None) or has no password ("") takes as long as one whose hash we made.
        """
        if not _fits(password):
            password, stored = "", None
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, password, stored)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False)

    def _verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        if stored and stored.startswith(_EARLIER):
            good = _verify_earlier(password, stored)
            return good, self._hasher.hash(password) if good else None
        if stored:
            try:
                return self._hasher.verify_and_update(password, stored)
            except UnknownHashError:
                pass  # somebody wrote it by hand; nobody's password fits
        self._of_nobody = self._of_nobody or self._hasher.hash("of nobody")
        self._hasher.verify(password, self._of_nobody)
        return False, None


def _fits(password: str) -> bool:
    try:
        return len(password) <= MAX_BYTES and len(password.encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


def _verify_earlier(password: str, stored: str) -> bool:
    """``pbkdf2:sha256:ITERATIONS:SALT:DIGEST`` as lapinq 0.x stored it: the salt is the ASCII bytes of its hexadecimal
    text, the digest is standard base64. A damaged one fits no password."""
    try:
        _, _, iterations, salt, digest = stored.split(":")
        rounds, expected = int(iterations), b64decode(digest, validate=True)
    except ValueError:
        return False
    if not 1 <= rounds <= _MAX_ITERATIONS or not expected or not salt.isascii():
        return False
    found = pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds, dklen=len(expected))
    return hmac.compare_digest(found, expected)
