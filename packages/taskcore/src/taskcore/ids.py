"""Identifiers as types, and ids that sort by the time they were made."""

import os
import re
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import count
from typing import NewType
from uuid import UUID

from taskcore.errors import InvalidInput

TaskId = NewType("TaskId", str)
WorkerId = NewType("WorkerId", str)
ScheduleId = NewType("ScheduleId", str)

MAX_ID = 200
MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile("[1-9][0-9]{0,18}")


class IdScheme(Enum):
    """How a store numbers tasks whose callers chose no id. It is chosen when the store is opened, once for all."""

    TIME_SORTED = auto()
    """Version 7 UUIDs from ``task_ids``; callers may choose any printable text instead."""
    NUMBERED = auto()
    """Decimals, "1", "2", ...: they sort as numbers, and none is used twice, not even after a delete."""

    def sort_key(self, task: TaskId) -> tuple[int, str]:
        """Sorts ids by the time they were put; any text is welcome, as an id that a page asks for may be anything."""
        return (len(task), task) if self is IdScheme.NUMBERED else (0, task)

    def check(self, task: TaskId) -> TaskId:
        """Return an id that a caller chose.

        Raises:
            InvalidInput: the scheme has no such ids.
        """
        if self is IdScheme.NUMBERED:
            wanted = f"a decimal from 1 to {MAX_NUMBER}"
            good = _NUMBER.fullmatch(task) is not None and int(task) <= MAX_NUMBER
        else:
            wanted = f"1 to {MAX_ID} printable characters"
            good = 0 < len(task) <= MAX_ID and task.isprintable()
        if not good:
            raise InvalidInput(f"a task id of this store must be {wanted}, got {task[:MAX_ID]!r}")
        return task


def uuid7(unix_ms: int, random: bytes) -> UUID:
    """A version 7 UUID (RFC 9562, 5.7): 48 bits of milliseconds, then 74 random bits from 10 bytes."""
    tail = int.from_bytes(random, "big")
    value = (unix_ms & 0xFFFF_FFFF_FFFF) << 80 | tail & 0xFFFF_FFFF_FFFF_FFFF_FFFF
    value = value & ~(0xF000 << 64) | 0x7000 << 64
    return UUID(int=value & ~(0xC000 << 48) | 0x8000 << 48)


def task_ids(now_ns: Callable[[], int] = time.time_ns) -> Iterator[TaskId]:
    """Endless version 7 ids, strictly ascending within one process.

    The 12 bits behind the milliseconds hold a counter (RFC 9562, 6.2, method 1), so tasks that are
    put in one batch keep their order; the rest is random. A clock that steps back repeats the last
    millisecond instead.
    """
    last_ms, serial = 0, count()
    while True:
        ms = now_ns() // 1_000_000
        if ms > last_ms:
            last_ms, serial = ms, count()
        number = next(serial)
        if number > 0xFFF:
            last_ms, serial = last_ms + 1, count()
            number = next(serial)
        head, tail = f"{last_ms:012x}", os.urandom(8).hex()
        variant = "89ab"[int(tail[0], 16) & 3]
        yield TaskId(f"{head[:8]}-{head[8:]}-7{number:03x}-{variant}{tail[1:4]}-{tail[4:]}")
