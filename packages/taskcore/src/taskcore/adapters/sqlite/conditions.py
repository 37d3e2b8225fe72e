"""The conditions of a ``TaskQuery`` as SQL, with their values."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from taskcore.adapters.phases import ALL, wanted_phases, wanted_queues
from taskcore.adapters.sqlite.session import Session
from taskcore.clock import to_micros
from taskcore.models import Order, TaskQuery
from taskcore.states import WAITING, Phase, TaskState, state_of

_LONGEST_PATTERN = 20_000
"""Bytes; SQLite refuses patterns of more than 50,000, and half of them may be escapes."""


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL with a ``?`` for each of ``values``."""

    text: str
    values: tuple[object, ...] = ()


def conditions(session: Session, query: TaskQuery) -> list[Condition]:
    """All that a task has to meet wherever the page begins, the costly ones last.

    A ``+`` before a column keeps SQLite from looking it up in an index: where to look is chosen elsewhere.
    """
    return [*_equal(query), *in_queues(query), *created(query, "+created_at"), *_in_phases(session, query),
            *_contained(query)]  # fmt: skip


def _equal(query: TaskQuery) -> Iterator[Condition]:
    wanted = {"name": query.name, "worker": query.worker, "schedule": query.schedule}
    for column, value in wanted.items():
        if value is not None:
            yield Condition(f"+{column} = ?", (value,))


def in_queues(query: TaskQuery) -> Iterator[Condition]:
    queues = wanted_queues(query)
    if queues is not None:
        yield Condition("queue IN (SELECT value FROM json_each(?))", (json.dumps(sorted(queues)),))


def created(query: TaskQuery, column: str = "created_at") -> Iterator[Condition]:
    if query.created_from is not None:
        yield Condition(f"{column} >= ?", (to_micros(query.created_from),))
    if query.created_before is not None:
        yield Condition(f"{column} < ?", (to_micros(query.created_before),))


def _in_phases(session: Session, query: TaskQuery) -> Iterator[Condition]:
    phases = wanted_phases(query)
    if phases == ALL:
        return
    whole = phases if phases >= WAITING else phases - WAITING
    states = in_states({state_of(phase) for phase in whole})
    part = waiting(session, phases - whole)
    if part is None:
        yield states
    else:
        pending = f"state = 'pending' AND {part.text}"
        yield Condition(f"({states.text} OR {pending})" if whole else pending, part.values)


def in_states(states: Iterable[TaskState]) -> Condition:
    """Literals, because a parameter does not tell SQLite that a partial index will do."""
    return Condition("state IN ({})".format(", ".join(f"'{state}'" for state in sorted(states))))


def waiting(session: Session, phases: frozenset[Phase]) -> Condition | None:
    """What tells pending tasks of ``phases`` from the others; None when nothing does."""
    told = [_WAITING[phase] for phase in sorted(phases & WAITING)]
    if len(told) in (0, len(WAITING)):
        return None
    text = f"({' OR '.join(told)})"
    return Condition(text, (session.now,) * text.count("?"))


_WAITING = {
    Phase.SCHEDULED: "attempt = 0 AND run_at > ?",
    Phase.QUEUED: "attempt = 0 AND run_at <= ?",
    Phase.RETRYING: "attempt > 0",
}


def behind(session: Session, query: TaskQuery) -> Iterator[Condition]:
    if query.after is not None:
        yield Condition(f"id {'<' if query.order is Order.NEWEST else '>'} ?", (session.key(query.after),))


def _contained(query: TaskQuery) -> Iterator[Condition]:
    """LIKE takes half the time, but no long text, and none behind a NUL."""
    for part, text in sorted(query.contains.items()):
        if "\0" in text or len(text.encode(errors="replace")) > _LONGEST_PATTERN:
            yield Condition(f"instr(lower({part}), lower(?)) > 0", (text,))
        else:
            yield Condition(f"{part} LIKE ? ESCAPE '\\'", (f"%{_escaped(text)}%",))


def _escaped(text: str) -> str:
    for character in "\\%_":
        text = text.replace(character, f"\\{character}")
    return text
