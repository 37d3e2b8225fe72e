"""Identifiers as types, and ids that sort by the time they were made."""

import os
import re
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import NewType, cast

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


_COUNTERS = tuple(f"{number:03x}-" for number in range(0x1000))


def task_ids(now_ns: Callable[[], int] = time.time_ns) -> Iterator[TaskId]:
    """Endless version 7 ids (RFC 9562, 5.7), strictly ascending within one process.

    The 12 bits behind the milliseconds hold a counter (6.2, method 1), so tasks that are put in one batch keep their
    order; the rest is random. A clock that steps back repeats the last millisecond instead. Randomness is drawn ahead,
    so a process that was forked needs an iterator of its own.
    """
    # Not by calling ``TaskId`` for each: they come by the thousand.
    return cast(Iterator[TaskId], _time_sorted(now_ns))


def _time_sorted(now_ns: Callable[[], int]) -> Iterator[str]:
    last_ms, head, number = 0, "", 0
    while True:
        for tail in _random_tails():
            ms = now_ns() // 1_000_000
            if ms > last_ms or number > 0xFFF:
                last_ms, number = max(ms, last_ms + 1), 0
                head = f"{last_ms:012x}"
                head = f"{head[:8]}-{head[8:]}-7"
            yield f"{head}{_COUNTERS[number]}{tail}"
            number += 1


_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))


def _random_tails() -> Iterator[str]:
    """The last 64 bits of some ids: the variant (binary 10), then 62 random ones."""
    drawn = bytearray(os.urandom(8 * 512))
    drawn[::8] = drawn[::8].translate(_VARIANT)
    text = drawn.hex()
    for start in range(0, len(text), 16):
        yield f"{text[start : start + 4]}-{text[start + 4 : start + 16]}"
