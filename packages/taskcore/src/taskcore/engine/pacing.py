"""Rates that all workers keep together: at most so many tasks of a key begin in any span of so many seconds.

What the workers of a key agree on is one short text: when tasks began lately, and up to which instant turns were given
out. A task that must wait is given a turn, and goes back to the queue until then, so that it takes no slot and holds up
nobody; that it has had a turn is kept with it. Turns are no rights: when one has come, the task begins if the rate
allows it then, and gets another turn, before all newcomers, if others of a higher priority were quicker.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from taskcore.clock import to_micros
from taskcore.engine.admission import Wait
from taskcore.errors import InvalidInput, StoreError
from taskcore.ids import TaskId
from taskcore.models import TaskError, TaskRecord
from taskcore.ports import Notes
from taskcore.ratelimit import Rate

log = logging.getLogger("taskcore.engine")

WAITING = "WaitsForTurn"
"""The type of the error that is kept with a task while it waits; it is none."""

SECOND = 1_000_000
FINENESS = 500
"""Into so many parts a span is divided; what began in the same one is counted together, as the last of them."""
HORIZON = 600 * SECOND
"""A turn is never further away than this, or than the span of the rate: those who wait may have been cancelled, and
then newcomers must not wait for them for long."""
TRIES = 50
PATIENCE = timedelta(seconds=1)
"""How long a task waits when the workers could not agree in so many tries, or the store is away."""


@dataclass(slots=True)
class Pace:
    """What is known of a key. Instants are microseconds.

    Attributes:
        began: when tasks began within the span, and how many.
        turns: the last turn that was given to a newcomer of each priority.
        again: the same for those whose turn had come in vain.
    """

    began: list[tuple[int, int]] = field(default_factory=list)
    turns: dict[int, int] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)

    @classmethod
    def load(cls, text: str | None) -> Self:
        if text is None:
            return cls()
        began, turns, again = json.loads(text)
        return cls([(at, count) for at, count in began], dict(turns), dict(again))

    def dump(self) -> str:
        form = self.began, [*self.turns.items()], [*self.again.items()]
        return json.dumps(form, separators=(",", ":"))

    def admit(self, rate: Rate, wanted: Sequence[tuple[int, bool]], now: int) -> list[int]:
        """Decide about tasks in order, each given by its priority and whether it had a turn before.

        Returns:
            How long each of them has to wait: 0 for those that begin now.
        """
        span = rate.seconds * SECOND
        # A clock that was set back must not make anybody wait for longer than a span.
        self.began = [(min(at, now), count) for at, count in self.began if at > now - span]
        self.turns = {priority: at for priority, at in self.turns.items() if at > now}
        self.again = {priority: at for priority, at in self.again.items() if at > now}
        return [self._turn_of(priority, had_turn, rate, now) - now for priority, had_turn in wanted]

    def _turn_of(self, priority: int, had_turn: bool, rate: Rate, now: int) -> int:
        span = rate.seconds * SECOND
        free = self._free_at(rate.limit, span, now)
        before = [self.again] if had_turn else [self.again, self.turns]
        ahead = max((at for given in before for other, at in given.items() if other >= priority), default=0)
        if free <= now and (had_turn or not ahead):
            self._note(now, max(1, span // FINENESS))
            return now
        turn = min(max(free, ahead + span // rate.limit), now + max(span, HORIZON))
        before[-1][priority] = turn
        return turn

    def _free_at(self, limit: int, span: int, now: int) -> int:
        """The first instant at which another task may begin."""
        too_many = sum(count for _, count in self.began) - limit + 1
        for at, count in self.began:
            if too_many <= 0:
                break
            too_many, now = too_many - count, at + span
        return now

    def _note(self, now: int, part: int) -> None:
        """Another one begins now."""
        together = self.began.pop()[1] if self.began and self.began[-1][0] // part == now // part else 0
        self.began.append((now, together + 1))


class Pacing:
    """The ``Admission`` that keeps rates.

    Args:
        notes: on which the workers agree; those that share it keep a rate together.
        rate_of: by the name of a task; None for any number.
    """

    def __init__(self, notes: Notes, rate_of: Callable[[str], Rate | None]) -> None:
        self._notes, self._rate_of = notes, rate_of

    async def waits(self, tasks: Sequence[TaskRecord]) -> Mapping[TaskId, Wait]:
        paced = defaultdict[str, list[TaskRecord]](list)
        for task in tasks:
            if self._rate_of(task.name) is not None:
                paced[task.name].append(task)
        found: dict[TaskId, Wait] = {}
        for name, group in paced.items():
            if (rate := self._rate_of(name)) is not None:
                reason = TaskError(WAITING, f"waits for its turn: {name} begins at most {rate}")
                delays = zip(group, await self._delays(name, rate, group), strict=True)
                found.update((task.id, Wait(delay, reason)) for task, delay in delays if delay)
        return found

    async def _delays(self, name: str, rate: Rate, tasks: Sequence[TaskRecord]) -> Sequence[timedelta]:
        try:
            waits = await self._agreed(name, rate, [(task.priority, had_turn(task)) for task in tasks])
        except (StoreError, InvalidInput) as error:
            log.warning("%s; tasks that have a rate wait", error, extra={"event": "pace_unknown"})
            waits = None
        return [PATIENCE] * len(tasks) if waits is None else [timedelta(microseconds=wait) for wait in waits]

    async def _agreed(self, name: str, rate: Rate, wanted: Sequence[tuple[int, bool]]) -> list[int] | None:
        keep_for = timedelta(microseconds=max(rate.seconds * SECOND, HORIZON))
        for _ in range(TRIES):
            text, now = await self._notes.read_note(f"pace:{name}")
            pace = Pace.load(text)
            waits = pace.admit(rate, wanted, to_micros(now))
            if await self._notes.swap_note(f"pace:{name}", text, pace.dump(), keep_for):
                return waits
        return None


def had_turn(task: TaskRecord) -> bool:
    """Whether a task that was claimed has waited for the turn that it was given."""
    return task.error is not None and task.error.type == WAITING
