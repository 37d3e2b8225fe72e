"""Schedules as JSON text, for every store that keeps them as documents. Equal orders give equal text."""

import json
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from taskcore.clock import from_micros, to_micros
from taskcore.errors import CorruptPayload
from taskcore.models import ScheduleSpec, TaskSpec
from taskcore.retry import RetryPolicy
from taskcore.schedule import Misfire, Overlap, schedule_from_dict

_MICROSECOND = timedelta(microseconds=1)
_INSTANTS = frozenset({"run_at", "expires_at"})


def dump_schedule(spec: ScheduleSpec) -> str:
    """Write an order; of its retry policy only what ``RetryPolicy.dump`` keeps."""
    data = {
        "id": spec.id,
        "when": spec.when.to_dict(),
        "task": _task_to_dict(spec.task),
        "misfire": [spec.misfire.grace // _MICROSECOND, spec.misfire.policy],
        "overlap": spec.overlap,
        "paused": spec.paused,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def load_schedule(text: str) -> ScheduleSpec:
    """Read what ``dump_schedule`` wrote.

    Raises:
        CorruptPayload: the text is no schedule.
    """
    try:
        data = json.loads(text)
        grace, policy = data["misfire"]
        return ScheduleSpec(
            id=data["id"],
            when=schedule_from_dict(data["when"]),
            task=_task_from_dict(data["task"]),
            misfire=Misfire(timedelta(microseconds=grace), policy),
            overlap=Overlap(data["overlap"]),
            paused=data["paused"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptPayload(f"expected a schedule as dump_schedule() writes it, got {text[:200]!r}") from error


def _task_to_dict(spec: TaskSpec) -> dict[str, Any]:
    values = {field.name: getattr(spec, field.name) for field in fields(spec)}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    match value:
        case datetime():
            return to_micros(value)
        case timedelta():
            return value // _MICROSECOND
        case RetryPolicy():
            return value.dump()
        case _:
            return value


def _task_from_dict(data: dict[str, Any]) -> TaskSpec:
    values: dict[str, Any] = {name: from_micros(value) if name in _INSTANTS else value for name, value in data.items()}
    if "timeout" in values:
        values["timeout"] = timedelta(microseconds=values["timeout"])
    if "retry" in values:
        values["retry"] = RetryPolicy.load(values["retry"])
    return TaskSpec(**values)
