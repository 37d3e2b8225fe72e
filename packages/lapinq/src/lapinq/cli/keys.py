"""keys: API keys for programs. What one is good for is said when it is made; its text is shown that one time."""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from taskcore.auth.keys import IssuedKey
from taskcore.auth.records import ApiKey

from lapinq import keys
from lapinq.cli.accounts import Desk, desk_of
from lapinq.cli.asking import agreed
from lapinq.cli.failures import ExitCode
from lapinq.cli.noting import operator
from lapinq.cli.output import Column, Document, data, done, many, message
from lapinq.cli.text import as_json, visible
from lapinq.cli.users import in_words
from lapinq.cli.words import permissions

ICONS = {"active": "✓", "expired": "◌", "revoked": "⊘"}
COLUMNS = (
    Column("prefix", "Key"),
    Column("name", "Name"),
    Column("state", "State", lambda key: f"{ICONS[key['state']]} {key['state']}"),
    Column("owner_name", "Owner"),
    Column("role", "Role"),
    Column("expires_at", "Expires", lambda key: (key["expires_at"] or "never")[:10]),
    Column("last_used_at", "Last used", lambda key: (key["last_used_at"] or "never")[:16].replace("T", " ")),
    Column("permissions", "May", lambda key: in_words(key["permissions"]), shrink=True),
    Column("id", "ID", only_piped=True),
)


def list_keys(args: argparse.Namespace) -> int:
    async def found() -> list[Document]:
        async with desk_of(args) as desk:
            owner = None if args.owner is None else (await desk.user(args.owner)).id
            return await _documents(desk, owner)

    nothing = "No keys yet. Make one: lapinq keys add NAME --grant QUEUE=enqueue"
    many(asyncio.run(found()), COLUMNS, as_document=args.json, nothing=nothing)
    return ExitCode.OK


async def _documents(desk: Desk, owner: str | None) -> list[Document]:
    names = {user.id: user.name for user in await desk.users()}
    now = await desk.store.now()
    return [{**keys.document(key, now), "owner_name": names.get(key.owner or "")} for key in await desk.keys(owner)]


def add(args: argparse.Namespace) -> int:
    given = {"name": args.name, "role": args.role, "permissions": permissions(args.grants)}
    given["expires_in_days"] = None if args.expires is None else args.expires / timedelta(days=1)

    async def made() -> tuple[IssuedKey, Document]:
        async with desk_of(args) as desk:
            owner = None if args.owner is None else (await desk.user(args.owner)).id
            issued = await keys.issue(desk.accounts, operator(), given, owner=owner)
            return issued, keys.document(issued.key, issued.key.created_at)

    return _show(args, *asyncio.run(made()))


def rotate(args: argparse.Namespace) -> int:
    async def made() -> tuple[IssuedKey, Document]:
        async with desk_of(args) as desk:
            old = await desk.key(args.key)
            issued = await desk.accounts.keys.rotate(operator(), old.id, grace=args.grace)
            return issued, keys.document(issued.key, issued.key.created_at)

    return _show(args, *asyncio.run(made()))


def revoke(args: argparse.Namespace) -> int:
    async def revoked() -> ApiKey | None:
        async with desk_of(args) as desk:
            key = await desk.key(args.key)
            if not agreed(args, f"revoke key {key.prefix} ({visible(key.name)})"):
                return None
            await desk.accounts.keys.revoke(operator(), key.id)
            return key

    key = asyncio.run(revoked())
    if key is None:
        return ExitCode.REFUSED
    line = f"Key {key.prefix} ({visible(key.name)}) revoked."
    done({"revoked": key.id, "name": key.name, "prefix": key.prefix}, line, as_document=args.json)
    return ExitCode.OK


def _show(args: argparse.Namespace, issued: IssuedKey, document: Mapping[str, Any]) -> int:
    """The key alone on stdout, so that a script can put it where it belongs."""
    if args.json:
        data(as_json({"key": issued.text, **document}))
        return ExitCode.OK
    data(issued.text)
    expires = "does not expire" if issued.key.expires_at is None else f"expires on {issued.key.expires_at:%Y-%m-%d}"
    message(f"Key {visible(issued.key.name)} ({in_words(document['permissions'])}; {expires}).")
    message("It is shown this one time: put it away now. Programs show it as X-API-Key, or Authorization: Bearer.")
    return ExitCode.OK
