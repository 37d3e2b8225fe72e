"""The links of a chain, one for each kind of credentials."""

from collections.abc import Callable, Mapping

from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.chain import Credentials
from taskcore.auth.digests import digest, same
from taskcore.auth.keys import visible_part
from taskcore.auth.loopback import LOOPBACK, is_loopback, whence
from taskcore.auth.permissions import ADMIN
from taskcore.auth.principal import Principal
from taskcore.auth.tokens import Claims, Tokens


class SessionAuthenticator:
    """Browsers, by their session cookie. One that is over is like none."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        cookie = credentials.session
        return await self._accounts.recognise_session(cookie) if cookie else None


class KeyAuthenticator:
    """Programs, by an API key of ours in either header."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        for text in (credentials.api_key, credentials.bearer):
            if text and visible_part(text) is not None:
                return await self._accounts.recognise_key(text, peer=credentials.peer)
        return None


class PasswordAuthenticator:
    """Users who send name and password with every request. Wrong ones are refused, and throttled as logins are."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        if credentials.basic is None:
            return None
        name, password = credentials.basic
        origin = Origin(peer=whence(credentials.peer, forwarded=credentials.forwarded))
        return await self._accounts.recognise_password(name, password, origin=origin)


class TokenAuthenticator:
    """Bearers of a JWT. A bad one is refused, with an error that says what is wrong with it.

    Args:
        principal: of what a good token says; by default its first role, and no grants beside it.
    """

    def __init__(self, tokens: Tokens, principal: Callable[[Claims], Principal] | None = None) -> None:
        self._tokens = tokens
        self._principal = principal or principal_of_claims

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        if not credentials.bearer or visible_part(credentials.bearer) is not None:
            return None
        return self._principal(self._tokens.verify(credentials.bearer))


def principal_of_claims(claims: Claims) -> Principal:
    """Who a token speaks of: "token:" and its subject, in its first role."""
    role = claims.roles[0] if claims.roles else ""
    return Principal(id=f"token:{claims.subject}", name=claims.subject, role=role, via="token")


class StaticKeyAuthenticator:
    """Programs, by keys that stand in the configuration, in either header. All keys are compared, in constant time."""

    def __init__(self, keys: Mapping[str, Principal]) -> None:
        self._keys = tuple(keys.items())

    def __repr__(self) -> str:
        return f"<StaticKeyAuthenticator with {len(self._keys)} keys>"

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        for given in (credentials.api_key, credentials.bearer):
            if given and (principal := self._bearer_of(given)) is not None:
                return principal
        return None

    def _bearer_of(self, given: str) -> Principal | None:
        found = [principal for key, principal in self._keys if same(key, given)]
        return found[0] if found else None


def static_key(key: str, *, name: str = "api key", role: str = ADMIN) -> Mapping[str, Principal]:
    """One configured key as ``StaticKeyAuthenticator`` wants it; an empty one is no key at all."""
    return (
        {key: Principal(id=f"key:{name}", name=name, role=role, via="key", credential=digest(key)[:8])} if key else {}
    )


class LoopbackAuthenticator:
    """Whoever is on this machine, where nothing else is configured. Put it last.

    Args:
        principal: who they are; an admin by default.
    """

    def __init__(self, principal: Principal = LOOPBACK) -> None:
        self._principal = principal

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        here = is_loopback(credentials.peer) and not credentials.forwarded
        return self._principal if here else None
