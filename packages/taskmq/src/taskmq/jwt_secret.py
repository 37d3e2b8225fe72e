"""The secret that signs tokens: from the environment, and never a weak one or one that everybody knows."""

import hmac
import secrets
from collections.abc import Mapping

from taskcore.auth.signing import Signing
from taskcore.auth.tokens import Tokens
from taskcore.errors import WeakSecret

VARIABLE = "TASKMQ_JWT_SECRET"
PUBLISHED = "supersecretkey-change-in-production"
"""What the public release signed with where nothing was configured; everybody can read it."""


def secret_of(env: Mapping[str, str]) -> str:
    """The configured secret. Whether it is long enough, ``tokens_of`` finds out.

    Raises:
        WeakSecret: there is none, or it is the published one.
    """
    secret = env.get(VARIABLE, "")
    if secret in ("", PUBLISHED):
        raise WeakSecret(f"{VARIABLE} is not set (or is the old built-in default)")
    return secret


def new_secret() -> str:
    """A secret of 32 random bytes, as text."""
    return secrets.token_urlsafe(32)


def tokens_of(secret: str, env: Mapping[str, str]) -> Tokens:
    """Makes and verifies tokens in HS256.

    ``sub`` is optional. So is ``exp``, unless ``TASKMQ_JWT_REQUIRE_EXP`` says 1; a token without it is warned of once.

    Raises:
        WeakSecret: it has fewer than 16 bytes. Fewer than 32 are warned of.
    """
    require_exp = env.get("TASKMQ_JWT_REQUIRE_EXP", "").strip().lower() not in ("", "0", "false", "no")
    return Tokens(secret, require_exp=require_exp, require_sub=False, published=[PUBLISHED], name=VARIABLE)


def signing_of(secret: str) -> Signing:
    """Signs the sessions of people, by a key that is made of the secret, so that no token is ever a session."""
    key = hmac.digest(secret.encode(), b"sessions of taskmq's dashboard", "sha256")
    return Signing(key, name=VARIABLE)
