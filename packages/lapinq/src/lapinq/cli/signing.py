"""The verbs of ``webhooks`` about what they are signed with. A secret is shown once, when it is made."""

import argparse
import asyncio
from collections.abc import Sequence
from uuid import UUID

from lapinq.cli.asking import agreed
from lapinq.cli.failures import ExitCode, Failure, bad_input
from lapinq.cli.noting import changing
from lapinq.cli.output import Column, Document, data, done, many, message
from lapinq.cli.session import digits_of, opened, settings_of
from lapinq.cli.text import as_json, counted
from lapinq.webhooks.secrets import Secret, Secrets

COLUMNS = (
    Column("fingerprint", "Fingerprint"),
    Column("source", "Kept in"),
    Column("created_at", "Created", lambda row: (row["created_at"] or "")[:16].replace("T", " ")),
    Column("ends_at", "Ends", lambda row: (row["ends_at"] or "never")[:16].replace("T", " ")),
    Column("id", "ID", only_piped=True),
)


def list_secrets(args: argparse.Namespace) -> int:
    async def found() -> Sequence[Document]:
        async with opened(settings_of(args)) as service:
            return [secret.document() for secret in await service.deliveries.secrets.list()]

    nothing = "No secrets yet, so nothing is signed. Make one: lapinq webhooks rotate-secret"
    many(asyncio.run(found()), COLUMNS, as_document=args.json, nothing=nothing)
    return ExitCode.OK


def rotate(args: argparse.Namespace) -> int:
    async def made() -> tuple[Secret, str]:
        async with changing(args) as there:
            secret, text = await there.service.deliveries.secrets.rotate(args.grace)
            detail = f"{secret.fingerprint}; those of before end in {args.grace.total_seconds():g} s"
            await there.note("webhook.rotate", f"secret:{secret.id}", detail)
            return secret, text

    secret, text = asyncio.run(made())
    if args.json:
        data(as_json({**secret.document(), "secret": text}))
        return ExitCode.OK
    data(text)
    message(f"Secret {secret.fingerprint} signs from now on, within a few seconds in every process.")
    message("It is shown this one time: give it to whoever receives the webhooks.")
    return ExitCode.OK


def end(args: argparse.Namespace) -> int:
    async def ended() -> Secret | None:
        async with changing(args) as there:
            secrets = there.service.deliveries.secrets
            secret = await _meant(secrets, args.secret)
            if not agreed(args, f"end secret {secret.fingerprint}"):
                return None
            if not await secrets.end(UUID(secret.id)):
                raise Failure("the secret was ended a moment ago", code="not_found")
            await there.note("webhook.end", f"secret:{secret.id}", secret.fingerprint)
            return secret

    secret = asyncio.run(ended())
    if secret is None:
        return ExitCode.REFUSED
    done({"ended": secret.id}, f"Secret {secret.fingerprint} signs no more.", as_document=args.json)
    return ExitCode.OK


def encrypt(args: argparse.Namespace) -> int:
    async def encrypted() -> int:
        async with changing(args) as there:
            number = await there.service.deliveries.secrets.encrypt()
            if number:
                await there.note("webhook.encrypt", "secrets", f"{number} encrypted")
            return number

    number = asyncio.run(encrypted())
    told = (
        f"{counted(number, 'secret')} encrypted."
        if number
        else "All are encrypted with the first key. Nothing changed."
    )
    done({"encrypted": number}, told, as_document=args.json)
    return ExitCode.OK


async def _meant(secrets: Secrets, text: str) -> Secret:
    """The secret of the database that the user means.

    Raises:
        Failure: it is none, or the environment's; or no secret, or more than one, has these digits.
    """
    digits = digits_of(text, "secret")
    found = [each for each in await secrets.list() if each.fingerprint.startswith(digits) or digits in _hex(each)]
    if not found:
        hint = "list them with: lapinq webhooks secrets"
        raise Failure(f'no secret has "{text}" in its fingerprint or id', hint=hint, code="not_found")
    if len(found) > 1:
        raise bad_input(f'more than one secret has "{text}" in its fingerprint or id', hint="write more of it")
    if found[0].id is None:
        hint = "take it out of LAPINQ_WEBHOOK_SECRET, and start the processes again"
        raise Failure(f"secret {found[0].fingerprint} is not in the database", hint=hint)
    return found[0]


def _hex(secret: Secret) -> str:
    return (secret.id or "").replace("-", "")
