"""What ``ScheduleStore`` does. Versions are counted for all schedules together, so none is ever met twice."""

from dataclasses import replace
from datetime import datetime

from taskcore.adapters.documents import dump_schedule, load_schedule
from taskcore.adapters.redis.records import load_micros
from taskcore.adapters.redis.session import Session
from taskcore.adapters.redis.tasks import order_rows, refuse_taken
from taskcore.clock import to_micros
from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, ScheduleRecord, ScheduleSpec


async def save(session: Session, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
    while True:
        saved = await _write(session, spec, cursor, await _present(session, spec.id))
        if saved is not None:
            return saved


async def replace_seen(
    session: Session, spec: ScheduleSpec, cursor: datetime, version: int | None
) -> ScheduleRecord | None:
    present = await _present(session, spec.id)
    return await _write(session, spec, cursor, present) if version == (present and present.version) else None


async def _present(session: Session, schedule: ScheduleId) -> ScheduleRecord | None:
    stored = await session.ask("HGET", "schedules", schedule)
    return None if stored is None else _record(stored)


async def _write(
    session: Session, spec: ScheduleSpec, cursor: datetime, present: ScheduleRecord | None
) -> ScheduleRecord | None:
    """None when somebody else has changed it since."""
    text = dump_schedule(spec)
    # Written anew first, since the text may be an earlier release's.
    if present is not None and dump_schedule(present.spec) == text:
        return present
    next_at = spec.when.next_after(cursor)
    standing = f"{to_micros(cursor)} {_optional_micros(next_at)} {int(spec.paused)}"
    seen = "" if present is None else present.version
    version = await session.run("save_schedule", spec.id, seen, standing, text)
    if version is None:
        return None
    return ScheduleRecord(spec=load_schedule(text), cursor=cursor, next_at=next_at, version=int(version))


async def remove(session: Session, schedule: ScheduleId) -> bool:
    return bool(await session.run("remove_schedule", schedule) == 1)


async def every(session: Session) -> list[ScheduleRecord]:
    stored = await session.ask("HGETALL", "schedules")
    return [_record(stored[schedule]) for schedule in sorted(stored)]


async def due(session: Session, limit: int) -> list[ScheduleRecord]:
    return [_record(text) for text in await session.run("due_schedules", limit) if text is not None]


async def advance(session: Session, step: Advance) -> list[FireRecord] | None:
    fires = _fires_of(step)
    chosen, numbered, orders = order_rows(session, [spec for _, spec in step.tasks])
    cancelled = [session.key(task) for task in step.cancel]
    heads = (step.schedule, step.version, f"{to_micros(step.cursor)} {_optional_micros(step.next_at)}")
    records = [(_dump_fire(session, fire), "" if order is None else order + 1) for fire, order in fires]
    keys = await session.run_with(
        "advance", *heads, chosen, numbered, len(cancelled), len(records), *cancelled, rows=[*records, *orders]
    )
    if keys is None:
        return None
    refuse_taken(session, keys)
    return [fire if order is None else replace(fire, task=session.id(keys[order])) for fire, order in fires]


def _fires_of(step: Advance) -> list[tuple[FireRecord, int | None]]:
    """The records of a step by their instants, each with the place of its order; who puts the tasks names them."""
    fired = [
        (FireRecord(schedule=step.schedule, instant=instant, last=instant), order)
        for order, (instant, _) in enumerate(step.tasks)
    ]
    return sorted([*fired, *((fire, None) for fire in step.skipped)], key=lambda pair: pair[0].instant)


async def fires(session: Session, schedule: ScheduleId, limit: int) -> list[FireRecord]:
    texts = await session.ask("LRANGE", f"fires:{schedule}", 0, limit - 1) if limit > 0 else []
    return [_load_fire(session, schedule, text) for text in texts]


def _dump_fire(session: Session, fire: FireRecord) -> str:
    """The task's key comes last, so that a script can add it."""
    task = "" if fire.task is None else session.key(fire.task)
    return f"{to_micros(fire.instant)} {to_micros(fire.last)} {fire.count}\n{fire.skipped or ''}\n{task}"


def _load_fire(session: Session, schedule: ScheduleId, text: str) -> FireRecord:
    numbers, skipped, key = text.split("\n", 2)
    instant, last, count = numbers.split(" ")
    return FireRecord(
        schedule=schedule,
        instant=load_micros(instant),
        last=load_micros(last),
        count=int(count),
        task=session.id(key) if key else None,
        skipped=skipped or None,
    )


def _record(stored: str) -> ScheduleRecord:
    standing, text = stored.split("\n", 1)
    version, cursor, next_at, _ = standing.split(" ")
    return ScheduleRecord(
        spec=load_schedule(text),
        cursor=load_micros(cursor),
        next_at=None if next_at == "-" else load_micros(next_at),
        version=int(version),
    )


def _optional_micros(at: datetime | None) -> int | str:
    return "-" if at is None else to_micros(at)
