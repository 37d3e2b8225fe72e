"""Which tasks a ``TaskQuery`` asks for, in SQL.

A page is walks in the order of ids, one for each wanted state, of which each ends when it has enough: running tasks
have leases, rare endings an index, and of successes there are so many that a walk meets them. Of tasks that wait there
are mostly few, and then all of them are looked at.

Other conditions have no index, or writing tasks would cost more. The server chooses how to find what meets them, from
its statistics and the values, and gives up after ``PATIENCE`` seconds.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Iterator
from dataclasses import dataclass, field

from taskcore.adapters.phases import wanted_phases, wanted_queues
from taskcore.adapters.postgres.statements import NOW, columns
from taskcore.adapters.postgres.tasks import storable
from taskcore.clock import to_micros
from taskcore.models import Order, Part, TaskQuery
from taskcore.states import WAITING, Phase

PATIENCE = 10.0
"""Seconds that the server may look for a page."""

FEW = 10_000
"""Waiting tasks that are looked at one by one; among more of them a walk finds a page soon."""

_TASKS = "SELECT t.id FROM {p}_tasks AS t WHERE"
# OFFSET 0 keeps the planner from turning this around: there are few leases, and each has one task.
_HELD = """SELECT l.task AS id FROM {p}_leases AS l
    CROSS JOIN LATERAL (SELECT * FROM {p}_tasks AS t WHERE t.id = l.task OFFSET 0) AS t WHERE"""
_FEW = """SELECT t.id FROM few CROSS JOIN LATERAL (SELECT * FROM {p}_tasks AS t WHERE t.id = few.id OFFSET 0) AS t
    WHERE (SELECT count(*) FROM few) <= {few} AND""".replace("{few}", str(FEW))
_MANY = f"{_TASKS} (SELECT count(*) FROM few) > {FEW} AND t.state = 'pending' AND"

_PAGE = f"""
SELECT {columns("(SELECT l.lease_until FROM {p}_leases AS l WHERE l.task = t.id)")}
FROM page CROSS JOIN LATERAL (SELECT * FROM {{p}}_tasks AS t WHERE t.id = page.id OFFSET 0) AS t ORDER BY t.id"""

_PHASES = {
    Phase.SCHEDULED: "t.attempt = 0 AND t.run_at > {now}",
    Phase.QUEUED: "t.attempt = 0 AND t.run_at <= {now}",
    Phase.RETRYING: "t.attempt > 0",
}


@dataclass(slots=True)
class Search:
    """A statement, its values, and whether the server is free to choose how to run it."""

    text: str = ""
    values: list[object] = field(default_factory=list)
    free: bool = False

    def value(self, value: object, kind: str) -> str:
        """The parameter that stands for ``value``."""
        self.values.append(value)
        return f"${len(self.values)}::{kind}"


def search(query: TaskQuery, now: int | None) -> Search | None:
    """The statement that finds a page; None where no task can be on it."""
    phases, queues = sorted(wanted_phases(query)), wanted_queues(query)
    texts = [*query.contains.values(), *(queues or ()), query.name, query.worker, query.schedule]
    if not phases or queues == frozenset() or _is_broken("".join(text or "" for text in texts)):
        return None
    made = Search()
    limit, direction = made.value(max(0, query.limit), "bigint"), "DESC" if query.order is Order.NEWEST else "ASC"
    conditions = list(_conditions(made, query, queues))
    made.free = bool(conditions)
    narrowed = [*conditions, *_pages(made, query)]
    walks = [
        f"({' '.join([walk, ' AND '.join(narrowed) or 'true'])} ORDER BY id {direction} LIMIT {limit})"
        for walk in _walks(made, phases, now)
    ]
    few = f"few AS MATERIALIZED ({_waiting(made, queues)}), " if any("few" in walk for walk in walks) else ""
    page = f"SELECT id FROM ({' UNION ALL '.join(walks)}) AS walked ORDER BY id {direction} LIMIT {limit}"
    made.text = f"WITH {few}page AS MATERIALIZED ({page}) {_PAGE} {direction}"
    return made


def _is_broken(text: str) -> bool:
    """Whether PostgreSQL knows no such text, so that no task holds it."""
    return any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _walks(made: Search, phases: list[Phase], now: int | None) -> Iterator[str]:
    """Where the ids of tasks in some phases come from, each up to its first further condition."""
    if len(phases) == len(Phase):
        yield _TASKS
        return
    for phase in phases:
        if phase is Phase.RUNNING:
            yield _HELD
        elif phase not in WAITING:
            column = "state" if phase is Phase.SUCCEEDED else "rare"
            yield f"{_TASKS} t.{column} = '{phase}' AND"
    waiting = [_PHASES[phase] for phase in phases if phase in WAITING]
    if waiting:
        condition = "true" if len(waiting) == len(WAITING) else f"({' OR '.join(waiting)})"
        if "{now}" in condition:
            condition = condition.replace("{now}", f"coalesce({made.value(now, 'bigint')}, {NOW})")
        yield from (f"{walk} {condition} AND" for walk in (_FEW, _MANY))


def _waiting(made: Search, queues: frozenset[str] | None) -> str:
    """Waiting tasks, as many as are few and one more."""
    narrowed = "" if queues is None else f" AND t.queue = ANY({made.value(sorted(queues), 'text[]')})"
    ready, later = (f"{_TASKS} t.ready = {value}{narrowed}" for value in (1, 0))
    return f"SELECT id FROM ({ready} UNION ALL {later}) AS waiting LIMIT {FEW + 1}"


def _conditions(made: Search, query: TaskQuery, queues: frozenset[str] | None) -> Iterator[str]:
    """What no walk leads to."""
    if queues is not None:
        yield f"t.queue = ANY({made.value(sorted(queues), 'text[]')})"
    if query.name is not None:
        yield f"t.name = {made.value(query.name, 'text')}"
    if query.worker is not None:
        yield f"t.worker = {made.value(query.worker, 'text')}"
    if query.created_from is not None:
        yield f"t.created_at >= {made.value(to_micros(query.created_from), 'bigint')}"
    if query.created_before is not None:
        yield f"t.created_at < {made.value(to_micros(query.created_before), 'bigint')}"
    for part, text in query.contains.items():
        yield _contains(part, text, made.value(text, "text"))


def _contains(part: Part, text: str, parameter: str) -> str:
    """Not ``ILIKE``, to which some characters are patterns. Plain letters are folded byte by byte, which takes a tenth
    of the time that it takes the server to fold those of all languages."""
    collation = "C" if text.isascii() else "default"
    return f'position(lower({parameter} COLLATE "{collation}") IN lower(t.{part} COLLATE "{collation}")) > 0'


def _pages(made: Search, query: TaskQuery) -> Iterator[str]:
    """Conditions that an index leads to."""
    if query.schedule is not None:
        yield f"t.schedule = {made.value(query.schedule, 'text')}"
    if query.after is not None:
        comparison = "<" if query.order is Order.NEWEST else ">"
        yield f"t.id {comparison} {made.value(storable([query.after])[0], 'text')}"
