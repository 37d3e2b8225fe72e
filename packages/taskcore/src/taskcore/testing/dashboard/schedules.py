"""Schedules of the sample that can be written on a page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId
from taskcore.models import ScheduleSpec, TaskSpec
from taskcore.ports import ScheduleStore
from taskcore.schedule import Cron, Misfire, Overlap
from taskcore.ui.models.forms import Field
from taskcore.ui.previewing import when_of


@dataclass(frozen=True, slots=True)
class SampleEditor:
    """``ScheduleEditorPart`` over a store. A schedule is called by its task and its queue."""

    store: ScheduleStore
    fields: Sequence[Field] = (
        Field(name="task", label="Task", required=True),
        Field(name="args", label="Arguments", type="json", hint="A JSON document."),
        Field(name="priority", label="Priority", type="number", value="0"),
        Field(name="paused", label="Paused", type="flag"),
    )

    async def values(self, schedule: str) -> Mapping[str, str] | None:
        spec = await self._spec(schedule)
        if spec is None:
            return None
        when = spec.when if isinstance(spec.when, Cron) else Cron("* * * * *")
        return {
            **{name: getattr(when, name) for name in ("zone", "gap", "fold")},
            "cron": when.expression,
            "misfire": spec.misfire.policy,
            "grace": f"{spec.misfire.grace.total_seconds():g}",
            "overlap": spec.overlap.value,
            "queue": spec.task.queue,
            "task": spec.task.name,
            "args": spec.task.payload,
            "priority": str(spec.task.priority),
            "paused": "yes" if spec.paused else "",
        }

    async def save(self, schedule: str | None, values: Mapping[str, str]) -> str | None:
        stored = None if schedule is None else await self._spec(schedule)
        if schedule is not None and stored is None:
            return None
        spec = _spec_of(values)
        spec = spec if stored is None else replace(spec, id=stored.id)
        await self.store.save_schedule(spec, await self.store.now())
        return spec.id

    async def _spec(self, schedule: str) -> ScheduleSpec | None:
        found = (record.spec for record in await self.store.schedules())
        return next((spec for spec in found if spec.id == schedule), None)


def _spec_of(values: Mapping[str, str]) -> ScheduleSpec:
    try:
        json.loads(values["args"] or "null")
        misfire = Misfire(timedelta(seconds=float(values["grace"])), values["misfire"])  # type: ignore[arg-type]
        task = TaskSpec(
            name=values["task"],
            queue=values["queue"],
            payload=values["args"] or "null",
            priority=int(values["priority"] or 0),
        )
        return ScheduleSpec(
            id=ScheduleId(f"{task.name}-{task.queue}"),
            when=when_of(values),
            task=task,
            misfire=misfire,
            overlap=Overlap(values["overlap"]),
            paused=bool(values["paused"]),
        )
    except json.JSONDecodeError as error:
        raise InvalidInput(f"args must be JSON: {error}") from error
    except (ValueError, OverflowError) as error:
        raise InvalidInput(str(error)) from error
