"""What ``KeyStore`` does."""

from collections.abc import Mapping
from datetime import timedelta

from taskcore.adapters.redis.accounts.records import fields_of, flat, key_fields, key_of, micros
from taskcore.adapters.redis.session import Session, Value
from taskcore.auth.records import ApiKey, NewApiKey, check_page
from taskcore.auth.text import clean
from taskcore.errors import InvalidInput


async def add(session: Session, new: NewApiKey) -> ApiKey:
    added = await _add(session, new, "", "")
    assert added is not None  # noqa: S101  # it replaces none that could be missing
    return added


async def rotate(session: Session, key: str, new: NewApiKey, grace: timedelta) -> ApiKey | None:
    return None if not key else await _add(session, new, clean(key), micros(grace))


async def _add(session: Session, new: NewApiKey, old: str, grace: Value) -> ApiKey | None:
    lifetime = "" if new.lifetime is None else micros(new.lifetime)
    heads = (new.digest, new.owner or "", lifetime, old, grace)
    said = await session.run("accounts/add_key", *heads, *flat(key_fields(new)))
    if said is None:
        return None
    if said == "taken":
        raise InvalidInput("the digest of the key is taken; draw a new secret")
    return key_of(said[0], fields_of(said[1]))


async def get(session: Session, key: str) -> ApiKey | None:
    fields: Mapping[str, str] = await session.ask("HGETALL", f"key:{clean(key)}")
    return key_of(clean(key), fields) if fields else None


async def find(session: Session, digest: str) -> ApiKey | None:
    found = await session.run("accounts/find_key", clean(digest))
    return None if found is None else key_of(found[0], fields_of(found[1]))


async def page(session: Session, owner: str | None, after: str | None, limit: int) -> list[ApiKey]:
    name = "keys" if owner is None else f"keys:{clean(owner)}"
    start = "+" if after is None else f"({clean(after)}"
    found = await session.run("accounts/keys", name, start, check_page(limit))
    return [key_of(key, fields_of(fields)) for key, fields in found]


async def touch(session: Session, key: str, peer: str) -> None:
    await session.run("accounts/touch", f"key:{clean(key)}", "used", "", "from", clean(peer))


async def revoke(session: Session, key: str) -> bool:
    return bool(await session.run("accounts/revoke_key", clean(key)) == 1)


async def prune(session: Session, older_than: timedelta, limit: int) -> int:
    return int(await session.run("accounts/prune_keys", micros(older_than), limit))
