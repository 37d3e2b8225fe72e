"""The state of the list of tasks in its URL, and the words of its search box; both ways.

Parameters: ``state`` and ``queue`` (any number), ``task``, ``worker``, ``schedule``, ``since`` and ``until`` (an
instant, or an age such as ``24h``), ``sort`` (``-created`` or ``created``), ``limit``, ``cursor`` (rows behind it),
``before`` (rows ahead of it), and ``q``. What cannot be understood becomes a ``Problem`` beside the field that it came
from, and nothing is searched.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import chain
from typing import Any

from taskcore.states import Phase
from taskcore.ui.models.tasks import TaskFilter
from taskcore.ui.moments import Age, moment, read_moment
from taskcore.ui.terms import looks_like_id, terms, written

LIMITS = (25, 50, 100, 200)
NEWEST, OLDEST = "-created", "created"
MAX_TEXT = 500
"""Characters of one value; more is no search but an attack."""
MAX_PARAMETERS = 100

_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a parameter, for people."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL asks for. ``pairs`` are its parameters as they came, without those that nobody knows."""

    filter: TaskFilter
    pairs: Pairs = ()
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """What stands in the search box."""
        return self.first("q")

    def first(self, name: str) -> str:
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def but(self, **changes: str | Iterable[str] | None) -> Pairs:
        """The parameters with some replaced; None or "" takes one away. Cursors belong to one filter, so they go."""
        gone = {"cursor", "before", *changes}
        kept = [(key, value) for key, value in self.pairs if key not in gone]
        new = [(key, each) for key, value in changes.items() for each in _values(value)]
        return [*kept, *new]

    def without(self, name: str, value: str) -> Pairs:
        """The parameters without this one."""
        return [pair for pair in self.pairs if pair != (name, value) and pair[0] not in ("cursor", "before")]

    @property
    def narrowed(self) -> Pairs:
        """The parameters that leave tasks out."""
        return [pair for pair in self.pairs if pair[0] not in ("sort", "limit", "cursor", "before")]


def read(pairs: Iterable[tuple[str, str]], now: datetime, visible: frozenset[str] | None = None) -> Asked:
    """Understand the parameters of a URL at ``now``, for somebody who may see the queues ``visible``."""
    known = tuple((key, value) for key, value in pairs if key in _PARAMETERS and value.strip())
    reader = _Reader(now, TaskFilter(visible=visible))
    if len(known) > MAX_PARAMETERS:
        reader.problem("q", f"At most {MAX_PARAMETERS} filters are understood at once, not {len(known):,}.")
        known = ()
    for key, value in known:
        reader.parameter(key, value.strip())
    return Asked(reader.filter, known, tuple(reader.problems))


def pairs_of(wanted: TaskFilter) -> Pairs:
    """The parameters that ``read`` understands as ``wanted``; ``visible`` is not among them."""
    single = {"task": wanted.name, "worker": wanted.worker, "schedule": wanted.schedule}
    times = {"since": wanted.created_from, "until": wanted.created_before}
    search = " ".join(f"{_QUALIFIER_OF[part]}:{written(text)}" for part, text in sorted(wanted.contains.items()))
    return [
        *(("state", phase.value) for phase in sorted(wanted.phases)),
        *(("queue", queue) for queue in sorted(wanted.queues)),
        *((key, value) for key, value in single.items() if value is not None),
        *((key, moment(at)) for key, at in times.items() if at is not None),
        *([("q", search)] if search else []),
        *([("sort", OLDEST)] if wanted.oldest_first else []),
        *([("limit", str(wanted.limit))] if wanted.limit != TaskFilter().limit else []),
        *([("cursor", wanted.after)] if wanted.after is not None else []),
        *([("before", wanted.before)] if wanted.before is not None else []),
    ]


@dataclass(slots=True)
class _Reader:
    """Takes parameters and search terms one by one."""

    now: datetime
    filter: TaskFilter
    problems: list[Problem] = field(default_factory=list)
    _bare: list[str] = field(default_factory=list)

    def parameter(self, name: str, value: str) -> None:
        if len(value) > MAX_TEXT and name not in ("cursor", "before"):
            self.problem(name, f"‘{name}’ is longer than {MAX_TEXT} characters.")
        elif "\0" in value:
            self.problem(name, f"‘{name}’ has a NUL character in it.")
        elif name == "q":
            self.search(value)
        else:
            _PARAMETERS[name](self, name, value)

    def problem(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))

    def search(self, text: str) -> None:
        """The words of the search box. One without a qualifier is an id if it looks like one, else part of a name."""
        bare: list[str] = []
        for qualifier, value in terms(text):
            if qualifier is None:
                bare.append(value)
            elif qualifier not in _QUALIFIERS:
                self.problem("q", _unknown(qualifier))
            elif not value:
                self.problem("q", f"‘{qualifier}:’ needs a value, as in {_EXAMPLES[qualifier]}.")
            else:
                _QUALIFIERS[qualifier](self, qualifier, value)
        if bare:
            words = " ".join(bare)
            self.contains("id" if looks_like_id(words) else "name", words)

    def contains(self, part: str, text: str) -> None:
        if part in self.filter.contains:
            self.problem("q", f"‘{_QUALIFIER_OF[part]}’ can be searched for one text at a time.")
        else:
            self.filter = replace(self.filter, contains={**self.filter.contains, part: text})

    def phase(self, name: str, value: str) -> None:
        words = {phase.value for phase in Phase}
        if value.lower() in words:
            self.filter = replace(self.filter, phases=self.filter.phases | {Phase(value.lower())})
        else:
            hint = _did_you_mean(value.lower(), words) or f" It is one of {', '.join(Phase)}."
            self.problem(_box(name), f"Unknown state ‘{value:.40}’.{hint}")

    def queue(self, _: str, value: str) -> None:
        self.filter = replace(self.filter, queues=self.filter.queues | {value})

    def name(self, name: str, value: str) -> None:
        self._once(name, "name", value)

    def worker(self, name: str, value: str) -> None:
        self._once(name, "worker", value)

    def schedule(self, name: str, value: str) -> None:
        self._once(name, "schedule", value)

    def _once(self, name: str, attribute: str, value: str) -> None:
        present = getattr(self.filter, attribute)
        if present not in (None, value):
            self.problem(_box(name), f"A task has one {name}, not both ‘{present}’ and ‘{value}’.")
        else:
            changes: dict[str, Any] = {attribute: value}
            self.filter = replace(self.filter, **changes)

    def since(self, name: str, value: str) -> None:
        self._from(name, self._moment(name, value))

    def until(self, name: str, value: str) -> None:
        self._before(name, self._moment(name, value))

    def created(self, name: str, value: str) -> None:
        """``<1h`` is younger than an hour, ``>1h`` older, ``>2026-11-01`` later than its beginning, a day that day."""
        sign, rest = (value[0], value[1:].lstrip("=")) if value[0] in "<>" else ("", value)
        at = self._moment(name, rest)
        if at is None:
            return
        younger = sign == "<" if isinstance(at, Age) else sign == ">"
        if sign:
            (self._from if younger else self._before)(name, at)
        elif isinstance(at, Age):
            self._from(name, at)
        else:
            self._from(name, at)
            if at < _LAST_DAY:
                self._before(name, at + timedelta(days=1))

    def _moment(self, name: str, value: str) -> datetime | Age | None:
        at = read_moment(value)
        if at is None:
            self.problem(_box(name), f"‘{name}’ must be an age such as 24h or a time such as 2026-11-29T12:00Z.")
        return at

    def _from(self, name: str, at: datetime | Age | None) -> None:
        self._bound(name, "created_from", at)

    def _before(self, name: str, at: datetime | Age | None) -> None:
        self._bound(name, "created_before", at)

    def _bound(self, name: str, attribute: str, at: datetime | Age | None) -> None:
        if at is None:
            return
        try:
            instant = self.now - at.span if isinstance(at, Age) else at
        except OverflowError:
            self.problem(_box(name), f"‘{name}’ is longer ago than the calendar goes.")
            return
        changes: dict[str, Any] = {attribute: instant}
        self.filter = replace(self.filter, **changes)

    def sort(self, name: str, value: str) -> None:
        if value not in (NEWEST, OLDEST):
            self.problem(name, f"Tasks are sorted by ‘{NEWEST}’ or ‘{OLDEST}’, not by ‘{value:.40}’.")
        self.filter = replace(self.filter, oldest_first=value == OLDEST)

    def limit(self, name: str, value: str) -> None:
        if not (value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= LIMITS[-1]):
            self.problem(name, f"‘limit’ must be a number from 1 to {LIMITS[-1]}, not ‘{value:.40}’.")
        else:
            self.filter = replace(self.filter, limit=int(value))

    def after(self, _: str, value: str) -> None:
        self.filter = replace(self.filter, after=value)

    def ahead(self, name: str, value: str) -> None:
        if self.filter.after is not None:
            self.problem(name, "A page lies behind ‘cursor’ or ahead of ‘before’, not both.")
        else:
            self.filter = replace(self.filter, before=value)


_Take = Callable[[_Reader, str, str], None]

_PARAMETERS: dict[str, _Take] = {
    "state": _Reader.phase,
    "queue": _Reader.queue,
    "task": _Reader.name,
    "worker": _Reader.worker,
    "schedule": _Reader.schedule,
    "since": _Reader.since,
    "until": _Reader.until,
    "q": _Reader.parameter,
    "sort": _Reader.sort,
    "limit": _Reader.limit,
    "cursor": _Reader.after,
    "before": _Reader.ahead,
}

_PART_OF = {"id": "id", "name": "name", "args": "args", "result": "result", "error": "error"}
_QUALIFIER_OF = {part: qualifier for qualifier, part in _PART_OF.items()}

_QUALIFIERS: dict[str, _Take] = {
    "task": _Reader.name,
    "queue": _Reader.queue,
    "state": _Reader.phase,
    "worker": _Reader.worker,
    "schedule": _Reader.schedule,
    "created": _Reader.created,
    **dict.fromkeys(_PART_OF, lambda reader, part, text: reader.contains(_PART_OF[part], text)),
}

_EXAMPLES = {
    "task": "task:send_email",
    "queue": "queue:default",
    "state": "state:failed",
    "worker": "worker:host-1",
    "schedule": "schedule:nightly",
    "created": "created:<1h",
    "id": "id:6f11c2",
    "name": "name:email",
    "args": "args:user_id",
    "result": "result:ok",
    "error": 'error:"timed out"',
}
QUALIFIERS = tuple(_EXAMPLES)
"""What the search box knows, for its help."""


def _unknown(qualifier: str) -> str:
    hint = _did_you_mean(qualifier.lower(), _QUALIFIERS) or f" Known are {', '.join(QUALIFIERS)}."
    return f"Unknown filter ‘{qualifier:.40}’.{hint}"


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return f" Did you mean ‘{near[0]}’?" if near else ""


def _box(name: str) -> str:
    """The field beside which a problem of ``name`` is told."""
    return name if name in ("since", "until") else "q" if name == "created" else name


def _values(value: str | Iterable[str] | None) -> Iterable[str]:
    given = [value] if isinstance(value, str) else chain(value or ())
    return [each for each in given if each]
