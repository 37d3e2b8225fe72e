"""What somebody may do to accounts, and how a stored user or key becomes a principal."""

from collections.abc import Callable, Mapping

from taskcore.auth.digests import same
from taskcore.auth.permissions import ROLES, Grant, Verb, within
from taskcore.auth.principal import Principal
from taskcore.auth.records import ApiKey, User
from taskcore.auth.text import fold
from taskcore.errors import InvalidInput, NotAllowed

Roles = Mapping[str, tuple[Grant, ...]]
"""The roles of a face, and what each of them brings."""

LocalRule = Callable[[User, str], bool]
"""Whether this password of this user is one that everybody knows, so that it is good from this machine alone."""


def no_default_password(user: User, password: str) -> bool:
    """There is none."""
    return False


def default_password(name: str, password: str) -> LocalRule:
    """The rule for a first user who comes with a password: as long as it is theirs, they log in from here alone."""

    def is_default(user: User, given: str) -> bool:
        return fold(user.name) == fold(name) and same(password, given)

    return is_default


def require_admin(by: Principal) -> None:
    """Refuse whoever may not manage users, keys and the audit log.

    Raises:
        NotAllowed: they may not.
    """
    if not by.may(Verb.ADMIN):
        raise NotAllowed(f"{by.name or 'nobody'} may not manage accounts; an admin can")


def require_self_or_admin(by: Principal, user: str) -> None:
    """Refuse whoever is neither ``user`` nor an admin.

    Raises:
        NotAllowed: they are neither.
    """
    if by.id != user:
        require_admin(by)


def check_role(role: str, roles: Roles) -> None:
    """Refuse a role that the face has not.

    Raises:
        InvalidInput: it has not.
    """
    if role not in roles:
        raise InvalidInput(f"a role is one of {', '.join(sorted(roles))}, got {role!r:.80}")


def principal_of_user(user: User, roles: Roles, *, via: str, credential: str | None = None) -> Principal:
    """Who ``user`` is, with the rights that they have now."""
    return Principal(
        id=user.id,
        name=user.name,
        role=user.role,
        grants=(*_brought(user.role, roles), *user.grants),
        via=via,
        credential=credential,
        must_change_password=user.must_change_password,
    )


def principal_of_key(key: ApiKey, owner: User | None, roles: Roles) -> Principal:
    """Who bears ``key``; with an owner, never more than the owner may do by now."""
    principal = Principal(
        id=f"key:{key.id}",
        name=key.name,
        role=key.role,
        grants=(*_brought(key.role, roles), *key.grants),
        via="key",
        credential=key.id,
    )
    return principal if owner is None else cut(principal, principal_of_user(owner, roles, via="key"))


def cut(principal: Principal, limit: Principal) -> Principal:
    """``principal`` with nothing that ``limit`` has not. A role goes when it would bring too much, as its name may be
    asked for; what remains of its rights stays."""
    grants = within(principal.all_grants, limit.all_grants)
    known = principal.role in ("", limit.role) or principal.role in ROLES or limit.may(Verb.ADMIN)
    if known and grants == principal.all_grants:
        return principal
    return Principal(
        id=principal.id,
        name=principal.name,
        role="",
        grants=grants,
        via=principal.via,
        credential=principal.credential,
    )


def _brought(role: str, roles: Roles) -> tuple[Grant, ...]:
    """What a role of the face brings; those of ``ROLES`` bring theirs by themselves."""
    return () if role in ROLES else roles.get(role, ())
