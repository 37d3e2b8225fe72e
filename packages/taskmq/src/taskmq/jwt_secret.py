"""The secret that signs tokens: from the environment, and never a weak one or one that everybody knows."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from taskcore.auth.signing import Signing
from taskcore.auth.tokens import Tokens
from taskcore.errors import WeakSecret

from taskmq.environment import secret_value

VARIABLE = "TASKMQ_JWT_SECRET"
PUBLISHED = "supersecretkey-change-in-production"
"""What the public release signed with where nothing was configured; everybody can read it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a secret is good for: tokens of the API, and sessions of people. One is never taken for the other."""

    tokens: Tokens
    signing: Signing


def secret_of(env: Mapping[str, str]) -> str:
    """The configured secret. Whether it is long enough, ``keys_of`` finds out.

    Raises:
        WeakSecret: there is none, or it is the published one.
    """
    secret = secret_value(env, VARIABLE)
    if secret in (None, PUBLISHED):
        raise WeakSecret(f"{VARIABLE} is not set (or is the old built-in default)")
    return secret


def new_secret() -> str:
    """A secret of 32 random bytes, as text."""
    return secrets.token_urlsafe(32)


def keys_of(secret: str, env: Mapping[str, str]) -> Keys:
    """Tokens are in HS256. Their ``sub`` is optional. So is ``exp``, unless ``TASKMQ_JWT_REQUIRE_EXP`` says 1; a token
    without it is warned of once.

    Raises:
        WeakSecret: it has fewer than 16 bytes. Fewer than 32 are warned of.
    """
    require_exp = env.get("TASKMQ_JWT_REQUIRE_EXP", "").strip().lower() not in ("", "0", "false", "no")
    tokens = Tokens(secret, require_exp=require_exp, require_sub=False, published=[PUBLISHED], name=VARIABLE)
    return Keys(tokens, Signing(hmac.digest(secret.encode(), b"sessions of taskmq's dashboard", "sha256")))
