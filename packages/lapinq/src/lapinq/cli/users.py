"""users: who may log in, and what they may do."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from taskcore.auth.permissions import ADMIN, Grant
from taskcore.auth.records import User

from lapinq.cli.accounts import Desk, desk_of
from lapinq.cli.asking import agreed, new_password
from lapinq.cli.failures import ExitCode, Failure
from lapinq.cli.noting import operator
from lapinq.cli.output import Column, Document, done, many
from lapinq.cli.text import visible
from lapinq.cli.words import permissions
from lapinq.roles import GRANTED, checked_grants, permissions_of

COLUMNS = (
    Column("username", "Name"),
    Column("role", "Role"),
    Column("enabled", "State", lambda user: "✓ enabled" if user["enabled"] else "⊘ disabled"),
    Column("last_login_at", "Last login"),
    Column("permissions", "May", lambda user: in_words(user["permissions"]), shrink=True),
)


def list_users(args: argparse.Namespace) -> int:
    async def found() -> list[Document]:
        async with desk_of(args) as desk:
            return [_document(user) for user in await desk.users()]

    nothing = "No users yet. The first one is an admin: lapinq users add NAME --role admin"
    many(asyncio.run(found()), COLUMNS, as_document=args.json, nothing=nothing)
    return ExitCode.OK


def add(args: argparse.Namespace) -> int:
    password = new_password(args)

    async def made(desk: Desk) -> User:
        if args.role != ADMIN and not await desk.accounts.users.is_set_up():
            hint = "make one with --role admin, who can do everything, and the others then"
            raise Failure("the first user must be an admin", hint=hint, code="first_user")
        return await desk.accounts.users.create(
            operator(), args.name, password, role=args.role, must_change_password=args.must_change_password
        )

    return _change(args, made, "User {} ({}) created.")


def passwd(args: argparse.Namespace) -> int:
    password = new_password(args)

    async def changed(desk: Desk) -> User:
        user, users = await desk.user(args.name), desk.accounts.users
        if not user.enabled:
            raise Failure(f"user {user.name} is disabled", hint=f"lapinq users enable {user.name}", code="disabled")
        return await users.reset_password(await users.reset_link(operator(), user.id), password)

    return _change(args, changed, "User {} has a new password; their sessions have ended.")


def role(args: argparse.Namespace) -> int:
    async def changed(desk: Desk) -> User:
        return await desk.accounts.users.set_rights(operator(), (await desk.user(args.name)).id, role=args.role)

    return _change(args, changed, "User {} is {} now.")


def enable(args: argparse.Namespace) -> int:
    async def changed(desk: Desk) -> User:
        return await desk.accounts.users.enable(operator(), (await desk.user(args.name)).id)

    return _change(args, changed, "User {} is enabled.")


def disable(args: argparse.Namespace) -> int:
    async def changed(desk: Desk) -> User:
        return await desk.accounts.users.disable(operator(), (await desk.user(args.name)).id)

    return _change(args, changed, "User {} is disabled; their sessions and keys are good no more.")


def remove(args: argparse.Namespace) -> int:
    async def removed() -> int:
        async with desk_of(args) as desk:
            user = await desk.user(args.name)
            if not agreed(args, f"remove user {visible(user.name)}, with their sessions and keys"):
                return ExitCode.REFUSED
            await desk.accounts.users.remove(operator(), user.id)
            done({"removed": user.name}, f"User {visible(user.name)} removed.", as_document=args.json)
            return ExitCode.OK

    return asyncio.run(removed())


def grant(args: argparse.Namespace) -> int:
    given = permissions(args.grants)

    async def changed(desk: Desk) -> User:
        more = checked_grants(given)
        user = await desk.user(args.name)
        return await _regrant(desk, user, [*user.grants, *more])

    return _change(args, changed, "User {} ({}) may {}.")


def revoke(args: argparse.Namespace) -> int:
    async def changed(desk: Desk) -> User:
        user = await desk.user(args.name)
        return await _regrant(desk, user, [each for each in user.grants if each.pattern not in args.queues])

    return _change(args, changed, "User {} ({}) may {}.")


async def _regrant(desk: Desk, user: User, grants: Iterable[Grant]) -> User:
    """With one grant a queue."""
    queues: dict[str, list[str]] = {}
    for each in grants:
        queues.setdefault(each.pattern, []).extend(verb for verb in GRANTED if verb in each.verbs)
    return await desk.accounts.users.set_rights(operator(), user.id, grants=checked_grants({"queues": queues}))


def _change(args: argparse.Namespace, change: Callable[[Desk], Awaitable[User]], line: str) -> int:
    """Make a change, and tell of it; ``line`` has places for name, role and what they may."""

    async def changed() -> User:
        async with desk_of(args) as desk:
            return await change(desk)

    user = asyncio.run(changed())
    document = _document(user)
    told = line.format(visible(user.name), user.role, in_words(document["permissions"]))
    done(document, told, as_document=args.json)
    return ExitCode.OK


def _document(user: User) -> Document:
    return {
        "id": user.id,
        "username": user.name,
        "role": user.role,
        "enabled": user.enabled,
        "permissions": permissions_of(user.grants),
        "must_change_password": user.must_change_password,
        "created_at": text_of(user.created_at),
        "last_login_at": text_of(user.last_login_at),
    }


def text_of(at: datetime | None) -> str | None:
    """An instant to the second."""
    return None if at is None else at.isoformat(timespec="seconds")


def in_words(granted: dict[str, dict[str, list[str]]]) -> str:
    """``cancel, delete in video; view in mail``, or nothing more."""
    queues = granted.get("queues", {})
    return "; ".join(f"{', '.join(verbs)} in {visible(queue)}" for queue, verbs in queues.items()) or "nothing more"
