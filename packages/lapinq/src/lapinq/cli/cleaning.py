"""db cleanup: away with what is past its time, now and in one go."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from secrets import token_hex

from lapinq import housekeeping
from lapinq.accounts import accounts_on
from lapinq.cli.asking import agreed
from lapinq.cli.failures import ExitCode, bad_input
from lapinq.cli.output import done
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import counted
from lapinq.housekeeping import Past
from lapinq.settings import Settings
from lapinq.vocabulary import ENDED
from lapinq.wiring import open_accounts


def cleanup(args: argparse.Namespace) -> int:
    return asyncio.run(_cleanup(args, settings_of(args)))


async def _cleanup(args: argparse.Namespace, settings: Settings) -> int:
    retention = _retention(args, settings)
    async with opened(settings) as service:
        found = await housekeeping.count(service, retention, backups=args.backups)
        if args.dry_run:
            told = f"Would remove {_words(found)}. Nothing changed."
            done({"would_remove": asdict(found)}, told, as_document=args.json)
            return ExitCode.OK
        if not agreed(args, f"remove {_words(found)}"):
            return ExitCode.REFUSED
        gone = await housekeeping.clean(service, retention, backups=args.backups)
        gone = replace(gone, accounts=await _prune_accounts(settings, args.audit))
    done({"removed": asdict(gone)}, f"Removed {_words(gone)}.", as_document=args.json)
    return ExitCode.OK


def _retention(args: argparse.Namespace, settings: Settings) -> Mapping[str, timedelta]:
    """How long tasks are kept, by status: as the environment says, unless an option does.

    Raises:
        Failure: a status without an age.
    """
    if args.older_than is not None:
        return dict.fromkeys(args.status or ENDED, args.older_than)
    if args.status:
        raise bad_input("--status needs --older-than", hint="as in --status completed --older-than 30d")
    return settings.retention


async def _prune_accounts(settings: Settings, audit: timedelta | None) -> int:
    store = await open_accounts(settings)
    accounts = accounts_on(store, token_hex(32))
    removed = 0
    try:
        while some := await accounts.prune(entries_after=audit):
            removed += some
    finally:
        await accounts.close()
        await store.close()
    return removed


def _words(past: Past) -> str:
    return ", ".join(_parts(past)) or "nothing"


def _parts(past: Past) -> Iterator[str]:
    """``2 finished tasks past their TTL, 7 completed tasks``."""
    for number, what in ((past.expired, "pending task"), (past.outlived, "finished task")):
        if number:
            yield f"{counted(number, what)} past {'its' if number == 1 else 'their'} TTL"
    yield from (counted(number, f"{status} task") for status, number in past.old.items() if number)
    if past.accounts:
        yield counted(past.accounts, "old row") + " of sessions, keys and the audit log"
    yield from (f"the table {name}" for name in past.backups)
