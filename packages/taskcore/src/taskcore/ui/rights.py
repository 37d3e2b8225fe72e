"""Grants as a form has them: a row for each pattern of names, a box for each verb."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData

from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.errors import InvalidInput

KINDS: Mapping[str, str] = {"": "Everything", **{kind.value: f"{kind.value.capitalize()}s" for kind in Kind}}
EMPTY_ROWS = 2
MOST_ROWS = 100
LONGEST_PATTERN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A grant as it is written; one without a pattern or a verb grants nothing."""

    kind: str = ""
    pattern: str = ""
    verbs: frozenset[str] = frozenset()


def rows_of(grants: Iterable[Grant]) -> list[Row]:
    """What a form begins with, and some rows to fill in."""
    rows = [Row(grant.kind or "", grant.pattern, frozenset(grant.verbs)) for grant in grants]
    return [*rows, *([Row()] * EMPTY_ROWS)]


def rows_in(form: FormData) -> list[Row]:
    """What somebody filled in: ``kind.0``, ``pattern.0``, ``verb.0`` (any number), ``kind.1``, and so on."""
    rows = []
    for at in range(MOST_ROWS):
        if f"pattern.{at}" not in form:
            break
        verbs = frozenset(str(verb) for verb in form.getlist(f"verb.{at}"))
        rows.append(Row(str(form.get(f"kind.{at}", "")), str(form[f"pattern.{at}"]).strip(), verbs))
    return rows


def grants_of(rows: Iterable[Row]) -> tuple[Grant, ...]:
    """The grants that rows say.

    Raises:
        InvalidInput: a row has verbs and no pattern, one that nobody can read, or words that are none.
    """
    return tuple(_grant(row) for row in rows if row.verbs or row.pattern)


def _grant(row: Row) -> Grant:
    if not row.pattern or not row.verbs:
        raise InvalidInput(f"a grant needs a pattern of names and at least one verb, got {row.pattern!r:.80}")
    if len(row.pattern) > LONGEST_PATTERN or not row.pattern.isprintable():
        raise InvalidInput(f"a pattern is at most {LONGEST_PATTERN} printable characters, got {row.pattern!r:.80}")
    try:
        kind = Kind(row.kind) if row.kind else None
        return Grant(frozenset(Verb(verb) for verb in row.verbs), kind, row.pattern)
    except ValueError as error:
        raise InvalidInput(f"{error}; choose what the form offers") from error


def words(grants: Iterable[Grant]) -> list[str]:
    """As in "view, retry on queue billing*"."""
    return [
        f"{', '.join(sorted(grant.verbs))} on {grant.kind or 'everything named'} {grant.pattern}" for grant in grants
    ]
