"""The audit log. The caller of a method holds the lock."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from taskcore.auth.records import AuditEntry, AuditQuery, NewAuditEntry
from taskcore.clock import Clock
from taskcore.ids import TaskId


class Entries:
    """What ``AuditLog`` does; in the order of ids, which is that of time."""

    def __init__(self, clock: Clock, ids: Iterator[TaskId]) -> None:
        self._clock = clock
        self._ids = ids
        self._entries: list[AuditEntry] = []

    def add(self, new: NewAuditEntry) -> AuditEntry:
        fields = {name: getattr(new, name) for name in new.__slots__}
        entry = AuditEntry(id=next(self._ids), at=self._clock.now(), **fields)
        self._entries.append(entry)
        return entry

    def page(self, query: AuditQuery) -> list[AuditEntry]:
        end = len(self._entries)
        if query.after is not None:
            end = bisect_left(self._entries, query.after, key=lambda entry: entry.id)
        fitting = (self._entries[place] for place in range(end - 1, -1, -1) if _fits(self._entries[place], query))
        return list(islice(fitting, query.limit))

    def prune(self, older_than: timedelta, limit: int) -> int:
        before = self._clock.now() - older_than
        old = [entry.id for entry in self._entries if entry.at < before][:limit]
        removed = frozenset(old)
        self._entries = [entry for entry in self._entries if entry.id not in removed]
        return len(old)


def _fits(entry: AuditEntry, query: AuditQuery) -> bool:
    return (
        query.actor in (None, entry.actor)
        and query.action in (None, entry.action)
        and query.target in (None, entry.target)
        and (query.since is None or entry.at >= query.since)
        and (query.until is None or entry.at < query.until)
    )
