"""JSON Web Tokens that others make with a shared secret: who comes, in which role, until when.

The algorithm is the one that was configured, never the one that a token asks for.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from taskcore.auth.secret_keys import checked_keys
from taskcore.clock import Clock, SystemClock
from taskcore.errors import BadToken, InvalidInput, MissingExtra, TokenExpired

try:
    import jwt
except ImportError as error:
    raise MissingExtra("tokens need the extra: pip install 'taskcore[auth]'") from error

ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
MAX_LENGTH = 8_000
MAX_SUBJECT = 200
_REMEMBERED = 512
"""Good tokens whose signatures are not checked again."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. ``all`` holds every claim as it came; it is not to be changed."""

    subject: str
    roles: tuple[str, ...]
    all: Mapping[str, object] = field(repr=False)


class Tokens:
    """Makes and verifies tokens.

    Args:
        secrets: one, or several while one is replaced; the first signs, all verify.
        algorithms: of HS256, HS384 and HS512; the first signs.
        require_exp: refuse tokens that never expire; otherwise the first such token is warned of.
        require_sub: refuse tokens that do not say who it is; otherwise they are "anonymous".
        leeway: by how much the clocks of others may differ.
        published: secrets that everybody knows; they are refused.
        audience, issuer: what ``aud`` and ``iss`` must be; without ``audience``, tokens that have one are refused.

    Raises:
        WeakSecret: as ``checked_keys`` says. InvalidInput: the algorithm is another one, or the secret a public key.
    """

    def __init__(
        self,
        secrets: str | bytes | Iterable[str | bytes],
        *,
        algorithms: Sequence[str] = ("HS256",),
        require_exp: bool = True,
        require_sub: bool = True,
        leeway: timedelta = timedelta(0),
        published: Collection[str] = (),
        audience: str | None = None,
        issuer: str | None = None,
        clock: Clock | None = None,
        name: str = "the JWT secret",
    ) -> None:
        if not algorithms or not ALGORITHMS.issuperset(algorithms):
            raise InvalidInput(f"algorithms must be some of {', '.join(sorted(ALGORITHMS))}, got {list(algorithms)}")
        # HMAC pads keys with zeros anyway (RFC 2104). Padded here, a short one is not warned of twice.
        self._keys = [key.ljust(64, b"\0") for key in checked_keys(secrets, name, published=published)]
        self._algorithms = list(algorithms)
        self._required = ["sub"] * require_sub + ["exp"] * require_exp
        self._leeway = leeway
        self._audience, self._issuer = audience, issuer
        self._clock = clock or SystemClock()
        self._warned = False
        # What a good token says does not change; whether its time has come or is over is asked anew each time.
        self._decoded = lru_cache(maxsize=_REMEMBERED)(self._decode)
        try:
            self.create("probe", lifetime=timedelta(0))
        except jwt.InvalidKeyError:
            raise InvalidInput(f"{name} looks like a public key or a JWK; a shared secret was expected") from None

    def __repr__(self) -> str:
        return f"<Tokens {'/'.join(self._algorithms)} with {len(self._keys)} secrets>"

    def create(self, subject: str, role: str | None = None, *, lifetime: timedelta, **claims: object) -> str:
        """A token with ``sub``, ``role``, ``iat``, ``exp``, the configured ``aud`` and ``iss``, and ``claims``."""
        now = self._clock.now()
        named = {"role": role, "aud": self._audience, "iss": self._issuer}
        body = {"sub": subject, "iat": now, "exp": now + lifetime, **claims}
        body |= {claim: value for claim, value in named.items() if value is not None}
        return jwt.encode(body, self._keys[0], algorithm=self._algorithms[0])

    def verify(self, token: str) -> Claims:
        """What the token says.

        Raises:
            TokenExpired: it is over. BadToken: anything else is wrong; the message says what, never the token.
        """
        body = self._decoded(token)
        self._check_times(body)
        subject = body.get("sub", "anonymous")
        if not (0 < len(subject) <= MAX_SUBJECT and subject.isprintable()):
            raise BadToken("the token is not accepted: sub must be printable text")
        if "exp" not in body and not self._warned:
            self._warned = True
            logger.warning("a token without exp was accepted, and so will others be; require exp to refuse them")
        return Claims(subject, _roles(body), body)

    def _decode(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_LENGTH:
            raise BadToken(f"a token has at most {MAX_LENGTH:,} characters, got {len(token):,}")
        problem = "it was signed with another secret"
        for key in self._keys:
            try:
                return self._decoded_with(key, token)
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError as error:
                problem = _problem(error)
                break
            except (ValueError, TypeError, RecursionError):
                problem = "it is malformed"
                break
        raise BadToken(f"the token is not accepted: {problem}") from None

    def _decoded_with(self, key: bytes, token: str) -> dict[str, Any]:
        # Times are judged by our own clock, below.
        return jwt.decode(
            token,
            key,
            algorithms=self._algorithms,
            audience=self._audience,
            issuer=self._issuer,
            options={"require": self._required, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )

    def _check_times(self, body: Mapping[str, object]) -> None:
        now, leeway = self._clock.now().timestamp(), self._leeway.total_seconds()
        if "exp" in body and _instant(body, "exp") <= now - leeway:
            raise TokenExpired("the token has expired")
        if "nbf" in body and _instant(body, "nbf") > now + leeway:
            raise BadToken("the token is not accepted: it is not valid yet")


def _problem(error: jwt.PyJWTError) -> str:
    """Why PyJWT refused it, in our words: its own may quote the token."""
    match error:
        case jwt.MissingRequiredClaimError(claim=claim):
            return f"it has no {claim}"
        case jwt.InvalidAlgorithmError():
            return "it is signed with another algorithm"
        case jwt.InvalidAudienceError() | jwt.InvalidIssuerError():
            return "it was made for somebody else, or by somebody else"
        case _:
            return "it is malformed"


def _instant(body: Mapping[str, object], claim: str) -> float:
    value = body[claim]
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**53) < value < 2**53:
        raise BadToken(f"the token is not accepted: {claim} must be seconds since 1970")
    return float(value)


def _roles(body: Mapping[str, object]) -> tuple[str, ...]:
    """``role`` is a text; ``roles`` is a text or a list of texts. Anything else is no role."""
    found: list[str] = []
    for given in (body.get("role"), body.get("roles")):
        several = given if isinstance(given, list) else [given]
        found += [role for role in several if isinstance(role, str) and role]
    return tuple(dict.fromkeys(found))
