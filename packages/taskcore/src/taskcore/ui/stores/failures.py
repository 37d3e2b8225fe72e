"""Failed tasks in groups of like errors."""

from collections import defaultdict
from collections.abc import Sequence

from taskcore.models import TaskRecord
from taskcore.ui.fingerprint import fingerprint
from taskcore.ui.models import FailureGroup

SHOWN = 20
"""Ids of a group that are told."""

Key = tuple[str, str, str]


def grouped(records: Sequence[TaskRecord]) -> list[FailureGroup]:
    """Groups by name, type of error and fingerprint; the one that failed last comes first."""
    groups: dict[Key, list[TaskRecord]] = defaultdict(list)
    for record in records:
        groups[_key(record)].append(record)
    found = [_group(key, members) for key, members in groups.items()]
    return sorted(found, key=lambda group: group.last_at, reverse=True)


def _key(record: TaskRecord) -> Key:
    error = record.error
    if error is None:
        return record.name, "", fingerprint("", "")
    return record.name, error.type, fingerprint(error.type, error.message)


def _group(key: Key, members: list[TaskRecord]) -> FailureGroup:
    name, error_type, mark = key
    members.sort(key=lambda record: record.finished_at or record.created_at, reverse=True)
    times = [record.finished_at or record.created_at for record in members]
    newest = members[0]
    return FailureGroup(
        name=name,
        error_type=error_type,
        message=newest.error.message if newest.error else "",
        fingerprint=mark,
        count=len(members),
        first_at=times[-1],
        last_at=times[0],
        tasks=tuple(record.id for record in members[:SHOWN]),
    )
