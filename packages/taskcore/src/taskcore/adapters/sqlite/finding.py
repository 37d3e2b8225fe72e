"""How a page of tasks is found.

A walk along the ids meets frequent tasks soon, so a search begins with a short one. Where that does not fill the page,
what it looks for is rare, and is gathered: from the index that leads to the fewest tasks, or from the whole table where
every index leads to many.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from taskcore.adapters.phases import wanted_phases, wanted_queues
from taskcore.adapters.sql.rows import Row, task_of
from taskcore.adapters.sqlite.conditions import Condition, behind, conditions, created, in_queues, in_states, waiting
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.statements import task_columns
from taskcore.ids import IdScheme
from taskcore.models import Order, Part, TaskQuery, TaskRecord
from taskcore.states import AT_REST, WAITING, Phase, TaskState, state_of

_SHORT = 2000
"""Tasks that a first walk passes: about a millisecond."""
_LONG = 20_000
"""Tasks that a second walk passes where a first one was not enough, although no condition is rare."""
_MANY = 20_000
"""Tasks that take longer to look up one by one than reading a table of a hundred thousand from end to end."""
_RARE = frozenset({Phase.FAILED, Phase.CANCELLED, Phase.EXPIRED, Phase.INTERRUPTED})


class Source(NamedTuple):
    """Where to look for tasks: those that ``where`` an index alone can tell."""

    access: str
    where: list[Condition]


def _by(index: str, *where: Condition | None) -> Source:
    return Source(f"INDEXED BY {{p}}_tasks_{index}", [condition for condition in where if condition is not None])


_ALONG_IDS = Source("", [])
_EVERYTHING = Source("NOT INDEXED", [])


def find(session: Session, query: TaskQuery) -> list[TaskRecord]:
    phases, queues = wanted_phases(query), wanted_queues(query)
    if query.limit < 1 or not phases or queues == frozenset():
        return []
    narrowed, start = conditions(session, query), [*behind(session, query)]
    met = [*start, *narrowed]
    if query.schedule is not None:
        return _of_schedule(session, query, met)
    if phases <= _RARE | {Phase.RUNNING}:
        return _of_rare(session, query, phases, met)
    if not narrowed:
        return _walk(session, query, _ALONG_IDS, met)
    for steps in (_SHORT, _LONG):
        end = _end_of_walk(session, query, start, steps)
        page = _walk(session, query, _ALONG_IDS, met if end is None else [*met, end])
        if end is None or len(page) == query.limit:
            return page
        if (rare := _fewest(session, query)) is not None:
            return _gather(session, query, rare, met)
    return _gather(session, query, [_EVERYTHING], met)


def _of_schedule(session: Session, query: TaskQuery, met: Sequence[Condition]) -> list[TaskRecord]:
    """A scheduler asks with every step which tasks of years are still going on."""
    own = _by("schedule", Condition("schedule = ?", (query.schedule,)))
    in_phases = [*_by_phase_and_queue(session, query)]
    if (query.states or query.phases) and _size(session, in_phases) < _size(session, [own]):
        return _gather(session, query, in_phases, met)
    return _walk(session, query, own, met)


def _of_rare(
    session: Session, query: TaskQuery, phases: frozenset[Phase], met: Sequence[Condition]
) -> list[TaskRecord]:
    """Running tasks are few, and it is better to sort them than to look for them among all others."""
    endings = [_by("rare", Condition(f"state = '{TaskState(phase)}'")) for phase in sorted(phases - {Phase.RUNNING})]
    if len(endings) == len(phases) == 1:
        return _walk(session, query, endings[0], met)
    held = [_by("leased", Condition("lease_until IS NOT NULL"))] if Phase.RUNNING in phases else []
    return _gather(session, query, [*endings, *held], met)


def _walk(session: Session, query: TaskQuery, source: Source, met: Sequence[Condition]) -> list[TaskRecord]:
    """Read tasks in the order of ids, until there are enough."""
    text, values = _selected(source, met, task_columns(), query)
    return [task_of(row) for row in session.execute(text, values)]


def _gather(
    session: Session, query: TaskQuery, sources: Sequence[Source], met: Sequence[Condition]
) -> list[TaskRecord]:
    """Find out first where the tasks of the page are, from each source the first of them, and read no others."""
    walks = [_selected(source, met, "rowid AS place, id AS sorted", query) for source in sources]
    union = " UNION ALL ".join(f"SELECT * FROM ({text})" for text, _ in walks)
    direction = _direction(query)
    text = f"""
SELECT {task_columns()} FROM (SELECT * FROM ({union}) ORDER BY sorted {direction} LIMIT ?) AS page
CROSS JOIN {{p}}_tasks AS t ON t.rowid = page.place ORDER BY page.sorted {direction}"""
    return [task_of(row) for row in session.execute(text, [*chain(*(values for _, values in walks)), query.limit])]


def _selected(source: Source, met: Sequence[Condition], columns: str, query: TaskQuery) -> tuple[str, Row]:
    where, values = _joined([*source.where, *met])
    text = f"SELECT {columns} FROM {{p}}_tasks {source.access} WHERE {where} ORDER BY id {_direction(query)} LIMIT ?"
    return text, [*values, query.limit]


def _joined(all_of: Sequence[Condition]) -> tuple[str, list[object]]:
    text = " AND ".join(condition.text for condition in all_of)
    return text or "1", [*chain(*(condition.values for condition in all_of))]


def _direction(query: TaskQuery) -> str:
    return "DESC" if query.order is Order.NEWEST else "ASC"


def _end_of_walk(session: Session, query: TaskQuery, start: Sequence[Condition], steps: int) -> Condition | None:
    """The id at which it ends; None where it comes to the end of the table."""
    where, values = _joined(start)
    text = f"SELECT id FROM {{p}}_tasks WHERE {where} ORDER BY id {_direction(query)} LIMIT 1 OFFSET ?"
    end = session.one(text, [*values, steps])
    return None if end is None else Condition(f"id {'>' if query.order is Order.NEWEST else '<'} ?", (end,))


def _fewest(session: Session, query: TaskQuery) -> list[Source] | None:
    """The sources that lead to the fewest tasks; None where a longer walk is better, since each leads to many."""
    choices = [*_choices(session, query)]
    sizes = [_size(session, sources) for sources in choices]
    if sizes and min(sizes) < _MANY:
        return choices[sizes.index(min(sizes))]
    if Part.ID in query.contains and session.ids is IdScheme.TIME_SORTED:
        return [_ALONG_IDS]  # by an index of ids alone, which is short
    is_frequent = choices and query.created_from is None and query.created_before is None
    return None if is_frequent else [_EVERYTHING]


def _choices(session: Session, query: TaskQuery) -> Iterator[list[Source]]:
    if query.name is not None:
        yield [_by("name", Condition("name = ?", (query.name,)))]
    if query.created_from is not None or query.created_before is not None:
        yield [_by("created", *created(query))]
    if query.states or query.phases or wanted_queues(query) is not None:
        yield [*_by_phase_and_queue(session, query)]


def _by_phase_and_queue(session: Session, query: TaskQuery) -> Iterator[Source]:
    """Four indexes between them hold every task once."""
    phases, queues = wanted_phases(query), [*in_queues(query)]
    if phases & WAITING:
        told = waiting(session, phases & WAITING)
        yield _by("ready", Condition("ready = 1"), *queues, told)
        yield _by("waiting", Condition("ready = 0"), *queues, told)
    if Phase.RUNNING in phases:
        yield _by("leased", Condition("lease_until IS NOT NULL"), *queues)
    at_rest = {state for phase in phases if (state := state_of(phase)) in AT_REST}
    if at_rest:
        yield _by("rest", Condition("ready IS NULL AND lease_until IS NULL"), *queues, in_states(at_rest))


def _size(session: Session, sources: Sequence[Source]) -> int:
    """How many tasks they lead to, as long as these are not many."""
    counts, values = list[str](), list[object]()
    for source in sources:
        where, given = _joined(source.where)
        counts.append(f"(SELECT count(*) FROM (SELECT 1 FROM {{p}}_tasks {source.access} WHERE {where} LIMIT {_MANY}))")
        values += given
    return int(session.one(f"SELECT {' + '.join(counts)}", values))
