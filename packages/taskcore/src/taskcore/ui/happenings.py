"""What happened to a task, step by step: from the task itself, its attempts, and what people did to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from taskcore.auth.accounts import Accounts
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.ui.models.tasks import TaskDetail

MOST_DEEDS = 100

ENDS = {
    "succeed": "succeeded",
    "repeat": "succeeded",
    "fail": "failed",
    "retry": "failed, to be tried again",
    "release": "given back",
    "lose": "lost with its worker",
    "cancel": "cancelled",
    "interrupt": "interrupted",
}
"""How an attempt ended, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """``by`` is a worker, or somebody of the audit log; "" where it happened by itself."""

    at: datetime
    what: str
    by: str = ""
    detail: str = ""


async def happenings(detail: TaskDetail, accounts: Accounts | None) -> list[Happening]:
    """In the order in which they happened. Attempts that the store has forgotten are missing, and so is what was done
    without a dashboard, or to many tasks at once."""
    found = [*_of_itself(detail), *_of_attempts(detail)]
    if accounts is not None:
        entries = await accounts.entries(SYSTEM, AuditQuery(target=f"task:{detail.row.id}", limit=MOST_DEEDS))
        found += [Happening(at=each.at, what=each.action, by=each.actor, detail=each.detail) for each in entries]
    return sorted(found, key=lambda each: each.at)


def _of_itself(detail: TaskDetail) -> Iterator[Happening]:
    row = detail.row
    yield Happening(at=row.created_at, what="put", detail=f"in {row.queue}, priority {row.priority}")
    if not detail.attempts and row.finished_at is not None:
        yield Happening(at=row.finished_at, what=row.phase.value)


def _of_attempts(detail: TaskDetail) -> Iterator[Happening]:
    for each in detail.attempts:
        yield Happening(at=each.started_at, what=f"attempt {each.number} began", by=each.worker)
        if each.finished_at is not None and each.ended is not None:
            error = f"{each.error.type}: {each.error.message}" if each.error else ""
            how = ENDS.get(each.ended, each.ended)
            yield Happening(at=each.finished_at, what=f"attempt {each.number} {how}", by=each.worker, detail=error)
