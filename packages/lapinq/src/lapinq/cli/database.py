"""db status, migrate, check: the tables as a whole. Status and a dry run change nothing, not even by looking."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from lapinq import wiring
from lapinq.cli.failures import ExitCode
from lapinq.cli.findings import Finding, tell
from lapinq.cli.output import Document, done, message, one
from lapinq.cli.session import opened, settings_of
from lapinq.cli.text import address, counted, visible
from lapinq.schedule_rows import ScheduleRows, next_run
from lapinq.schema import looking
from lapinq.schema.looking import Former, Part, Table
from lapinq.settings import Settings

UNITS = ("B", "kB", "MB", "GB", "TB")
WORDS = {"current": "up to date", "missing": "no tables yet", "old": "to be migrated", "later": "of a later release"}
_ORDER = ("later", "old", "missing", "current")


@dataclass(frozen=True, slots=True)
class Look:
    """A database as it is."""

    version: str
    parts: Sequence[Part]
    former: Former | None
    tables: Sequence[Table]

    @property
    def state(self) -> str:
        """Of its parts, the one that matters most."""
        states = {part.state for part in self.parts}
        if self.former is not None or states == {"current", "missing"}:
            return "old"  # some are there, so the rest is owed
        return next(state for state in _ORDER if state in states)


async def look_at(settings: Settings) -> Look:
    """
    Raises: as ``wiring.looking``.
    """
    async with wiring.looking(settings) as connection:
        return Look(
            version=str(await connection.fetchval("SHOW server_version")),
            parts=await looking.parts(connection, wiring.REVISIONS),
            former=await looking.former(connection),
            tables=await looking.tables(connection),
        )


def status(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    look = asyncio.run(look_at(settings))
    one(_document(look), _lines(look, settings), as_document=args.json)
    return ExitCode.OK


def migrate(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    before = asyncio.run(look_at(settings))
    if before.former is not None and before.former.workers:
        running = counted(before.former.workers, "worker")
        message(f"Warning: {running} of the public release still run; stop them first, they would find no tables.")
    if args.dry_run:
        done(_document(before), f"{_plan(before)} Nothing changed.", as_document=args.json)
        return ExitCode.OK
    after = asyncio.run(_migrated(settings))
    told = "Nothing to do: the tables are up to date." if before.state == "current" else _done(before)
    done(_document(after), told, as_document=args.json)
    return ExitCode.OK


async def _migrated(settings: Settings) -> Look:
    async with opened(settings):  # which brings the core's tables and ours to this release
        await (await wiring.open_accounts(settings)).close()
        await (await wiring.open_deliveries(settings)).close()
    return await look_at(settings)


def check(args: argparse.Namespace) -> int:
    return tell(args, asyncio.run(_checked(settings_of(args))))


async def _checked(settings: Settings) -> Sequence[Finding]:
    look = await look_at(settings)
    found = [schema(look)]
    if look.state != "current":
        return found
    async with wiring.looking(settings) as connection:
        found += [Finding(name, detail, level) for name, level, detail in await looking.oddities(connection)]
    async with opened(settings) as service:
        await service.health()
        problems = [(row, next_run(row)[1]) for row in await ScheduleRows(service).all()]
    broken = [f"{row['id']}: {problem}" for row, problem in problems if problem]
    detail = "; ".join(broken) if broken else f"{len(problems)} that can be followed"
    return [*found, Finding("schedules", detail, "warning" if broken else "ok")]


def schema(look: Look) -> Finding:
    """Whether its tables are those of this release."""
    level = {"current": "ok", "later": "failed"}.get(look.state, "warning")
    hint = "" if level == "ok" else "; update lapinq" if level == "failed" else "; run: lapinq db migrate"
    return Finding("schema", f"{WORDS[look.state]} ({_revisions(look)}){hint}", level)


def kept(settings: Settings) -> str:
    """How long finished tasks are: ``completed 7 d, failed 0.5 d``."""
    return ", ".join(f"{status} {age / timedelta(days=1):g} d" for status, age in settings.retention.items())


def _document(look: Look) -> Document:
    return {
        "state": look.state,
        "server": look.version,
        "parts": [{**asdict(part), "state": part.state} for part in look.parts],
        "takeover": None if look.former is None else asdict(look.former),
        "tables": [asdict(table) for table in look.tables],
    }


def _lines(look: Look, settings: Settings) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [
        ("Database", address(settings.database_url)),
        ("PostgreSQL", look.version),
        ("Schema", f"{WORDS[look.state]} ({_revisions(look)})"),
    ]
    if look.former is not None:
        lines.append(("Takeover", f"{_former(look.former)}; run: lapinq db migrate"))
    lines.append(("Retention", kept(settings) or "off: finished tasks are kept, unless a server archives them"))
    if backups := [table.name for table in look.tables if table.is_backup]:
        lines.append(("Backups", f"{', '.join(backups)}; remove them: lapinq db cleanup --backups"))
    sizes = [f"{table.name}  {_size(table.bytes)}, about {table.rows:,} rows" for table in look.tables]
    return [*lines, *(("" if place else "Tables", size) for place, size in enumerate(sizes))]


def _plan(look: Look) -> str:
    match look.state:
        case "current":
            return "The tables are up to date."
        case "later":
            return f"The tables are of a later release ({_revisions(look)}); update lapinq."
        case _ if look.former is not None:
            return f"Would take over {_former(look.former)}; they are kept as lapinq_backup_*."
        case "missing":
            return "Would make the tables."
        case _:
            return f"Would migrate the tables ({_revisions(look)})."


def _done(before: Look) -> str:
    if before.former is not None:
        return f"Took over {_former(before.former)}; they are kept as lapinq_backup_*."
    return "Made the tables." if before.state == "missing" else f"Migrated the tables ({_revisions(before)})."


def _former(former: Former) -> str:
    by_status = ", ".join(f"{visible(status)} {number}" for status, number in sorted(former.tasks.items()))
    tasks = f"{counted(sum(former.tasks.values()), 'task')}{f' ({by_status})' if by_status else ''}"
    renamed = ", ".join(f"{visible(name)} becomes {visible(given)}" for name, given in former.renamed.items())
    users = f"{counted(former.users, 'user')}{f' ({renamed})' if renamed else ''}"
    return f"{tasks}, {users} and {counted(former.schedules, 'schedule')} of the public release"


def _revisions(look: Look) -> str:
    return ", ".join(f"{part.name} {_revision(part)}" for part in look.parts)


def _revision(part: Part) -> str:
    return part.wanted if part.state == "current" else f"{part.found or 'none'} -> {part.wanted}"


def _size(count: float) -> str:
    for unit in UNITS:
        if count < 1000 or unit == UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
