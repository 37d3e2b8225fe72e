"""schedules: rows of ``lapinq_scheduled_tasks``. Instants are shown as the clocks of their zone will show them."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from taskcore.errors import BadSchedule

from lapinq import timing
from lapinq.cli.asking import agreed
from lapinq.cli.failures import ExitCode, Failure, bad_input
from lapinq.cli.instants import NEXT_COLUMNS, Coming, coming, in_zone, lines_of
from lapinq.cli.noting import Changing, changing
from lapinq.cli.ordering import order_of
from lapinq.cli.output import Column, Document, data, done, many, one
from lapinq.cli.session import digits_of, opened, settings_of
from lapinq.cli.text import as_json
from lapinq.errors import ScheduleNotFound
from lapinq.schedule_rows import Row, ScheduleRows, document_of, told
from lapinq.service import Service

T = TypeVar("T")

STATES = {"active": "▶ active", "paused": "⏸ paused", "broken": "✕ broken"}
COLUMNS = (
    Column("id", "ID", lambda row: f"…{row['id'].replace('-', '')[-8:]}"),
    Column("state", "State", lambda row: STATES[row["state"]]),
    Column("cron", "Cron"),
    Column("zone", "Zone"),
    Column("task_name", "Task"),
    Column("queue_name", "Queue"),
    Column("next_run_at", "Next", lambda row: in_zone(row["next_run_at"], row["zone"])),
    Column("problem", "Problem", shrink=True),
)


def list_schedules(args: argparse.Namespace) -> int:
    async def found(service: Service) -> Sequence[Document]:
        return [_document(row) for row in await ScheduleRows(service).all()]

    nothing = "No schedules yet. Add one: lapinq schedules add MODULE:FUNCTION --cron '0 3 * * *'"
    many(_with(args, found), COLUMNS, as_document=args.json, nothing=nothing)
    return ExitCode.OK


def add(args: argparse.Namespace) -> int:
    given = {**_given(args), "enabled": not args.paused}

    async def added(there: Changing) -> Row:
        with _hinting(args):
            row = await ScheduleRows(there.service).add(given)
        await _note(there, "add", row)
        return row

    document = _document(_changing(args, added))
    at = in_zone(document["next_run_at"], args.zone) or "when it is resumed"
    done(document, f"Schedule {document['id']} added. Next: {at}.", as_document=args.json)
    return ExitCode.OK


def change(args: argparse.Namespace) -> int:
    given = _given(args)
    if not given:
        raise bad_input("name what to change, as in --cron '0 4 * * *'", hint="see: lapinq schedules change --help")

    async def changed(there: Changing) -> Row:
        row = await _row(there.service, args.schedule)
        with _hinting(args):
            row = await ScheduleRows(there.service).change(row["id"], given)
        await _note(there, "change", row)
        return row

    document = _document(_changing(args, changed))
    at = in_zone(document["next_run_at"], document["zone"]) or "when it is resumed"
    done(document, f"Schedule {document['id']} changed. Next: {at}.", as_document=args.json)
    return ExitCode.OK


def show(args: argparse.Namespace) -> int:
    async def found(service: Service) -> tuple[Document, Coming]:
        row = await _row(service, args.schedule)
        return _document(row), await coming(service, row, args.count)

    document, more = _with(args, found)
    one({**document, **more.document}, lines_of(document, more), as_document=args.json)
    return ExitCode.OK


def show_next(args: argparse.Namespace) -> int:
    async def found(service: Service) -> Sequence[Document]:
        if args.schedule is not None:
            rows: Sequence[Row] = [await _row(service, args.schedule)]
        else:
            rows = [row for row in await ScheduleRows(service).all() if row["enabled"]]
        runs = [run for row in rows for run in (await coming(service, row, args.count)).runs]
        return sorted(runs, key=lambda run: datetime.fromisoformat(run["at"]))[: args.count]

    many(_with(args, found), NEXT_COLUMNS, as_document=args.json, nothing="No schedule is active.")
    return ExitCode.OK


def pause(args: argparse.Namespace) -> int:
    return _enable(args, False)


def resume(args: argparse.Namespace) -> int:
    return _enable(args, True)


def _enable(args: argparse.Namespace, enabled: bool) -> int:
    async def changed(there: Changing) -> Row:
        row = await _row(there.service, args.schedule)
        await ScheduleRows(there.service).set_enabled(row["id"], enabled)
        await _note(there, "resume" if enabled else "pause", row)
        return {**row, "enabled": enabled}

    document = _document(_changing(args, changed))
    at = in_zone(document["next_run_at"], document["zone"])
    state = f"resumed. Next: {at}." if enabled else "paused."
    done(document, f"Schedule {document['id']} {state}", as_document=args.json)
    return ExitCode.OK


def run(args: argparse.Namespace) -> int:
    async def put(there: Changing) -> UUID:
        row = await _row(there.service, args.schedule)
        task = await ScheduleRows(there.service).run(row["id"])
        await _note(there, "run", row, f"; task {task}")
        return task

    task = str(_changing(args, put))
    data(as_json({"task_id": task}) if args.json else task)
    return ExitCode.OK


def remove(args: argparse.Namespace) -> int:
    async def removed(there: Changing) -> int:
        row = await _row(there.service, args.schedule)
        if not agreed(args, f"remove schedule {row['id']} ({row['cron']} {row['task_name']})"):
            return ExitCode.REFUSED
        await ScheduleRows(there.service).remove(row["id"])
        await _note(there, "remove", row)
        done({"removed": str(row["id"])}, f"Schedule {row['id']} removed.", as_document=args.json)
        return ExitCode.OK

    return _changing(args, removed)


async def _row(service: Service, text: str) -> Row:
    """The row that the user means: its id, or some hex digits of it.

    Raises:
        Failure: it is no id; or no schedule, or more than one, has it.
    """
    digits = digits_of(text, "schedule")
    found = [row for row in await ScheduleRows(service).all() if digits in row["id"].hex]
    if not found:
        raise Failure(
            f'no schedule id contains "{text}"', hint="list them with: lapinq schedules list", code="not_found"
        )
    if len(found) > 1:
        raise bad_input(f'more than one schedule id contains "{text}"', hint="write more of it: lapinq schedules list")
    return found[0]


async def _note(there: Changing, action: str, row: Row, more: str = "") -> None:
    await there.note(f"schedule.{action}", f"schedule:{row['id']}", told(row) + more)


def _with(args: argparse.Namespace, work: Callable[[Service], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with opened(settings_of(args)) as service:
            return await work(service)

    return asyncio.run(asked())


def _changing(args: argparse.Namespace, work: Callable[[Changing], Awaitable[T]]) -> T:
    async def done_there() -> T:
        async with changing(args) as there:
            try:
                return await work(there)
            except ScheduleNotFound as error:
                raise Failure("the schedule was removed a moment ago", code=error.code) from error

    return asyncio.run(done_there())


def _document(row: Row) -> Document:
    document = document_of(row)
    state = "broken" if document["problem"] else "active" if row["enabled"] else "paused"
    return {**document, "state": state}


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The JSON of a schedule, as far as ``args`` have it."""
    given = {name: getattr(args, name) for name in timing.COLUMNS if name in args}
    if "grace" in given:
        given["grace"] = args.grace.total_seconds()
    return {**order_of(args), **given}


@contextmanager
def _hinting(args: argparse.Namespace) -> Iterator[None]:
    """Say what zone may have been meant."""
    try:
        yield
    except BadSchedule as error:
        raise bad_input(str(error), hint=_hint(args.zone) if "zone" in args else None) from error


def _hint(zone: str) -> str | None:
    """Zones that are written much like this one, if it is none."""
    known = available_timezones()
    near = get_close_matches(zone.title(), known, n=3)
    near = near or [name for name in sorted(known) if name.endswith(f"/{zone.title().replace(' ', '_')}")]
    return None if zone in known or not near else f"did you mean {' or '.join(near)}?"
