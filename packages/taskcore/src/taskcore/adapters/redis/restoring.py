"""What ``TaskArchive`` does: tasks of another store, as they are; and tasks in place of what other programs left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taskcore.adapters.redis.records import dump_attempt, dump_extra, dump_line, life_of
from taskcore.adapters.redis.session import Session, Value
from taskcore.ids import IdScheme, TaskId
from taskcore.models import TaskHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A key of another program, the name that it gets, and the task that takes its place, if it is one."""

    key: str
    backup: str
    task: TaskHistory | None


async def restore(session: Session, tasks: Sequence[TaskHistory]) -> list[bool]:
    if not tasks:
        return []
    answers = await session.run_with("restore", _is_numbered(session), rows=[_row(session, task) for task in tasks])
    return [answer == "1" for answer in answers]


async def adopt(session: Session, adoptions: Sequence[Adoption], above: int) -> list[TaskId | None]:
    last = session.key(TaskId(str(above))) if above > 0 else ""
    rows = [_adoption_row(session, adoption) for adoption in adoptions]
    keys = await session.run_with("adopt", last, rows=rows)
    return [session.id(key) if key else None for key in keys]


def _is_numbered(session: Session) -> int:
    return int(session.ids is IdScheme.NUMBERED)


def _adoption_row(session: Session, adoption: Adoption) -> list[Value]:
    head: list[Value] = [adoption.key, adoption.backup]
    return [*head, 0] if adoption.task is None else [*head, 1, *_row(session, adoption.task)]


def _row(session: Session, task: TaskHistory) -> list[Value]:
    """What ``parts/restore.lua`` takes for a task."""
    attempts, lines = [dump_attempt(each) for each in task.attempts], [dump_line(line) for line in task.lines]
    key = session.key(session.ids.check(task.record.id))
    fields = list(_fields(task))
    return [key, life_of(task.record), len(fields), len(attempts), len(lines), *fields, *attempts, *lines]


def _fields(task: TaskHistory) -> Iterator[str]:
    """Names and values of the hash beside the life."""
    record = task.record
    texts = {
        "payload": record.payload,
        "extra": dump_extra(record) or None,
        "result": record.result,
        "error": None if record.error is None else record.error.dump(),
        "version": record.version,
        "progress": None if record.progress is None else repr(float(record.progress)),
        "note": record.progress_note,
    }
    for name, text in texts.items():
        if text is not None:
            yield from (name, text)
