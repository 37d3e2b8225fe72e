"""What a caller shows, and who can make somebody of it."""

from dataclasses import dataclass, field
from typing import Protocol

from taskcore.auth.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a caller shows, in any mixture; None is what it does not.

    Attributes:
        bearer: a token.
        api_key: a key.
        session: the secret in a browser's cookie.
        basic: a name and a password.
        peer: the address it comes from; "" when nobody knows.
    """

    bearer: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    peer: str = ""


class Authenticator(Protocol):
    """Recognises callers by one kind of credential, or asks others in turn."""

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Who shows these; None for whom this one does not know. Whatever it raises, denies."""
        ...
