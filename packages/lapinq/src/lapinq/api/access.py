"""Who may call: whoever shows the API key, a session or a key of their own; without an API key, programs on this
machine."""

from taskcore.auth.authenticators import (
    KeyAuthenticator,
    LoopbackAuthenticator,
    SessionAuthenticator,
    StaticKeyAuthenticator,
    static_key,
)
from taskcore.auth.chain import Authenticator, Chain, Credentials
from taskcore.auth.keys import visible_part
from taskcore.auth.permissions import ADMIN
from taskcore.auth.principal import Principal
from taskcore.web.access import Access
from taskcore.web.cookies import SessionCookie
from taskcore.web.proxies import TrustedProxies

from lapinq.api.desk import Desk

COOKIE = SessionCookie(name="lapinq_session")
ANYBODY = Principal(id="anybody", name="anybody", role=ADMIN, via="insecure")
"""Who everybody is to a server that was told not to ask."""


def access_of(desk: Desk) -> Access:
    """How callers are recognised."""
    key, insecure = desk.settings.api_key, desk.settings.insecure
    links: list[Authenticator] = [StaticKeyAuthenticator(static_key(key))] if key else []
    links.append(Accountholders(desk))
    if not key:
        links.append(Everybody() if insecure else LoopbackAuthenticator())
    origins = [origin for origin in desk.settings.cors_origins if origin != "*"]
    proxies = TrustedProxies(desk.settings.trusted_proxies)
    return Access(chain=Chain(links), cookie=COOKIE, trusted_origins=origins, proxies=proxies)


class Accountholders:
    """Users by their session, programs by a key that a user made. The database is asked only when either is shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        if credentials.session:
            accounts = await self._desk.accounts()
            if found := await SessionAuthenticator(accounts).authenticate(credentials):
                return found
        if any(shown and visible_part(shown) is not None for shown in (credentials.api_key, credentials.bearer)):
            return await KeyAuthenticator(await self._desk.accounts()).authenticate(credentials)
        return None


class Everybody:
    """Lets everybody in, as an admin."""

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        return ANYBODY
