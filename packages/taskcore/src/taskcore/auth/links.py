"""Links that let their bearer do one thing once: become the first user, or choose a password."""

from datetime import timedelta

from taskcore.auth.digests import digest, same
from taskcore.auth.records import User
from taskcore.auth.signing import RESET, SETUP, Signing
from taskcore.errors import BadToken

LIFETIME = timedelta(days=1)


class Links:
    """Signs and reads what stands at the end of a link. The store needs no table for them: a setup link is used up when
    there is a user, a reset link when the password is not the one any more that it was made for."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def for_setup(self) -> str:
        return self._signing.sign(SETUP, "")

    def check_setup(self, link: str) -> None:
        """Refuse any other.

        Raises:
            BadToken, TokenExpired: it is not ours, or over.
        """
        self._signing.unsign(SETUP, link, max_age=LIFETIME)

    def for_reset(self, user: User) -> str:
        return self._signing.sign(RESET, f"{_mark(user)}{user.id}")

    def user_of_reset(self, link: str) -> str:
        """Id of the user whose password it is about.

        Raises:
            BadToken, TokenExpired: it is not ours, or over.
        """
        return self._read(link)[1]

    def is_current(self, link: str, user: User) -> bool:
        """Whether the user's password is still the one that it was made for."""
        return same(self._read(link)[0], _mark(user))

    def _read(self, link: str) -> tuple[str, str]:
        value = self._signing.unsign(RESET, link, max_age=LIFETIME)
        if len(value) <= _MARK:
            raise BadToken("the link is damaged; ask an admin for a new one")
        return value[:_MARK], value[_MARK:]


_MARK = 32


def _mark(user: User) -> str:
    """A hash has a salt of its own, so this says nothing about the password, and no two passwords have the same."""
    return digest(f"{user.id}:{user.password_hash}")[:_MARK]
