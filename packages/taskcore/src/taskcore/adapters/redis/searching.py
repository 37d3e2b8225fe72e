"""Which tasks a ``TaskQuery`` asks for: a walk over the keys of its states, in steps that are short for the server.

What stands in the life of a task is compared by the server, some hundred tasks a step; texts are compared here.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from taskcore.adapters.phases import ALL, wanted_phases, wanted_queues
from taskcore.adapters.redis.reading import record
from taskcore.adapters.redis.records import dump_schedule
from taskcore.adapters.redis.session import Session
from taskcore.clock import to_micros
from taskcore.models import Order, Part, TaskQuery, TaskRecord
from taskcore.states import WAITING, Phase

_PAGE = 500
"""Tasks that the server looks at in one go."""

_PLACES = {Part.PAYLOAD: 2, Part.RESULT: 4, Part.ERROR: 5}
"""Where documents stand in the values of a task."""

Values = Sequence[Any]


async def find(session: Session, query: TaskQuery) -> list[TaskRecord]:
    phases, queues = wanted_phases(query), wanted_queues(query)
    found: list[TaskRecord] = []
    if not phases or queues == frozenset():
        return found
    conditions = _conditions(query, phases, queues)
    holds = _texts(session, query)
    step = _PAGE if query.contains or conditions != "{}" else min(query.limit, _PAGE)
    after, more = "" if query.after is None else session.key(query.after), True
    while more and len(found) < query.limit:
        keys, more = await _next_keys(session, query, after, step, sorted(queues or ()), _sets(phases))
        after = keys[-1] if keys else after
        while keys and len(found) < query.limit:
            most = step if query.contains else query.limit - len(found)
            seen, values = await session.run("search", conditions, most, *keys[:step])
            rows = (values[first : first + 10] for first in range(0, len(values), 10))
            made = (record(session, row[0], row[1:]) for row in rows if holds(row))
            found += [each for each in made if each is not None and query.schedule in (None, each.schedule)]
            keys = keys[seen:]
    return found[: max(0, query.limit)]


def _sets(phases: frozenset[Phase]) -> list[str]:
    """What the sets are called that hold the tasks of some phases."""
    waiting, names = phases & WAITING, [phase.value for phase in phases - WAITING]
    if waiting:
        names.append("retrying" if waiting == {Phase.RETRYING} else "pending")
    return names


def _conditions(query: TaskQuery, phases: frozenset[Phase], queues: frozenset[str] | None) -> str:
    """What ``search.lua`` compares."""
    conditions = {
        "name": query.name,
        "worker": query.worker,
        "from": query.created_from and to_micros(query.created_from),
        "before": query.created_before and to_micros(query.created_before),
        "phases": dict.fromkeys(phases, True) if phases < ALL else None,
        "extra": query.schedule and dump_schedule(query.schedule),
        "queues": queues and dict.fromkeys(queues, True),
    }
    return json.dumps({name: value for name, value in conditions.items() if value is not None}, ensure_ascii=False)


def _texts(session: Session, query: TaskQuery) -> Callable[[Values], bool]:
    """Whether the values of a task hold what is looked for."""
    wanted = [(part, text.casefold()) for part, text in query.contains.items()]

    def holds(values: Values) -> bool:
        return all(
            (held := _text(session, part, values)) is not None and text in held.casefold() for part, text in wanted
        )

    return holds


def _text(session: Session, part: Part, values: Values) -> str | None:
    if part is Part.ID:
        return session.id(values[0])
    if part is Part.NAME:
        return str(values[1]).split("\n", 3)[2]
    text: str | None = values[_PLACES[part]]
    return text


async def _next_keys(
    session: Session, query: TaskQuery, after: str, step: int, queues: Sequence[str], sets: Sequence[str]
) -> tuple[list[str], bool]:
    """The next keys in some sets and queues, and whether there may be more behind them."""
    newest = query.order is Order.NEWEST
    asked, lists, unordered = await session.run("list", query.order, after, step, len(queues), *queues, *sets)
    keys = [key for each in lists for key in each]
    keys += [key for key in unordered if not after or (key < after if newest else key > after)]
    # Behind the end of a list that goes on, others may know keys that come later than those it did not tell.
    ends = [each[-1] for each in lists if len(each) == asked]
    if ends:
        end = max(ends) if newest else min(ends)
        keys = [key for key in keys if (key >= end if newest else key <= end)]
    return sorted(set(keys), reverse=newest), bool(ends)
