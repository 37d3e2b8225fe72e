"""What ``SessionStore`` does. A session's hash has a time to live, and is gone when that is over."""

from datetime import timedelta

from taskcore.adapters.redis.accounts.records import fields_of, flag, flat, micros, session_fields, session_of
from taskcore.adapters.redis.session import Session
from taskcore.auth.records import NewSession
from taskcore.auth.records import Session as Record
from taskcore.auth.text import MAX_HASH, clean
from taskcore.clock import from_micros
from taskcore.errors import InvalidInput


async def add(session: Session, new: NewSession, if_hash: str | None) -> Record | None:
    wanted = (flag(if_hash is not None), clean(if_hash or "", MAX_HASH + 1))
    heads = (new.digest, new.user, micros(new.lifetime), *wanted)
    said = await session.run("accounts/add_session", *heads, *flat(session_fields(new)))
    if said is None:
        return None
    if said == "taken":
        raise InvalidInput("the digest of the session is taken; draw a new secret")
    now = from_micros(int(said))
    return Record(
        digest=new.digest,
        user=new.user,
        created_at=now,
        seen_at=now,
        expires_at=now + new.lifetime,
        peer=new.peer,
        user_agent=new.user_agent,
    )


async def find(session: Session, digest: str, idle: timedelta) -> Record | None:
    found = await session.run("accounts/find_session", clean(digest), micros(idle))
    return None if found is None else session_of(digest, fields_of(found))


async def touch(session: Session, digest: str) -> None:
    await session.run("accounts/touch", f"session:{clean(digest)}", "seen", clean(digest))


async def of(session: Session, user: str) -> list[Record]:
    found = [
        session_of(digest, fields_of(fields)) for digest, fields in await session.run("accounts/sessions", clean(user))
    ]
    return sorted(found, key=lambda each: (each.created_at, each.digest), reverse=True)


async def remove(session: Session, digest: str) -> bool:
    return bool(await session.run("accounts/remove_session", clean(digest)) == 1)


async def remove_all(session: Session, user: str, keep: str | None) -> int:
    return int(await session.run("accounts/remove_sessions", clean(user), clean(keep or "")))


async def prune(session: Session, idle: timedelta, limit: int) -> int:
    return int(await session.run("accounts/prune_sessions", micros(idle), limit))
