"""How a face lets callers in: who recognises them, and by what cookie, proxies and origins."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from taskcore.auth.chain import Authenticator
from taskcore.web.cookies import SessionCookie
from taskcore.web.proxies import TrustedProxies

if TYPE_CHECKING:  # it brings password hashing, which a face without logins need not install
    from taskcore.auth.accounts import Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the middleware needs to know; one value may serve many mounted applications, which then share logins.

    Attributes:
        chain: recognises callers by their credentials.
        accounts: logs browsers in and out, and keeps users, keys and the audit log; None where people log in elsewhere.
        login_path: where a browser that nobody recognises is sent, below the application's root.
        trusted_origins: other origins whose pages may send writes and open WebSockets.
    """

    chain: Authenticator
    accounts: "Accounts | None" = None
    cookie: SessionCookie = field(default_factory=SessionCookie)
    login_path: str = "/login"
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    trusted_origins: Collection[str] = ()
