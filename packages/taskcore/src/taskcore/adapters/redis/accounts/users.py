"""What ``UserStore`` does."""

from taskcore.adapters.grants import dump_grants
from taskcore.adapters.redis.accounts.records import fields_of, flag, flat, user_fields, user_of
from taskcore.adapters.redis.session import Session
from taskcore.auth.permissions import ADMIN
from taskcore.auth.records import NewUser, User, UserChange, check_page
from taskcore.auth.text import MAX_HASH, check_hash, clean, fold
from taskcore.errors import LastAdmin, NameTaken


async def add(session: Session, new: NewUser, *, first: bool = False) -> User | None:
    fields = user_fields(new)
    is_admin = flag(new.enabled and new.role == ADMIN)
    said = await session.run("accounts/add_user", fields["folded"], flag(first), is_admin, *flat(fields))
    if said == "taken":
        raise NameTaken(new.name)
    if said == "late":
        return None
    user, created = said
    return user_of(user, fields | {"created": created})


async def get(session: Session, user: str) -> User | None:
    fields = await session.ask("HGETALL", f"user:{clean(user)}")
    return user_of(clean(user), fields) if fields else None


async def find(session: Session, name: str) -> User | None:
    found = await session.run("accounts/find_user", fold(name))
    return None if found is None else user_of(found[0], fields_of(found[1]))


async def page(session: Session, after: str | None, limit: int) -> list[User]:
    start = "-" if after is None else f"({fold(after)}"
    found = await session.run("accounts/users", start, check_page(limit))
    return [user_of(user, fields_of(fields)) for user, fields in found]


async def change(
    session: Session, user: str, change: UserChange, *, keep_admin: bool, if_hash: str | None
) -> User | None:
    user = clean(user)
    dated = "" if change.password_hash is None else "changed"
    wanted = (flag(if_hash is not None), clean(if_hash or "", MAX_HASH + 1))
    heads = (user, flag(keep_admin), *wanted, ADMIN, dated)
    said = await session.run("accounts/change_user", *heads, *flat(_changed(change)))
    if said == "last":
        raise LastAdmin(await _name(session, user))
    return None if said is None else user_of(user, fields_of(said))


def _changed(change: UserChange) -> dict[str, str]:
    wanted = {
        "role": change.role,
        "grants": None if change.grants is None else dump_grants(change.grants),
        "enabled": None if change.enabled is None else flag(change.enabled),
        "hash": change.password_hash,
        "must": None if change.must_change_password is None else flag(change.must_change_password),
    }
    return {name: value for name, value in wanted.items() if value is not None}


async def rehash(session: Session, user: str, before: str, after: str) -> bool:
    check_hash(after)
    return bool(await session.run("accounts/rehash", clean(user), clean(before, MAX_HASH + 1), after) == 1)


async def touch(session: Session, user: str) -> None:
    await session.run("accounts/touch", f"user:{clean(user)}", "login", "")


async def remove(session: Session, user: str, *, keep_admin: bool) -> bool:
    said = await session.run("accounts/remove_user", clean(user), flag(keep_admin))
    if said == "last":
        raise LastAdmin(await _name(session, clean(user)))
    return bool(said == 1)


async def _name(session: Session, user: str) -> str:
    return await session.ask("HGET", f"user:{user}", "name") or user
