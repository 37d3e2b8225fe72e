"""One lap: so many no-op jobs are enqueued and drained, in a place that begins empty."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

BATCH = 500
"""Jobs in one bulk enqueue, and in one commit of the bare driver."""

Place = Callable[[], AbstractContextManager[str]]
"""Gives an empty folder, or the URL of an empty database, and removes it with everything in it."""


@dataclass(frozen=True, slots=True)
class Lap:
    """Jobs a second: enqueued in bulk, drained, and, where that was measured, enqueued one by one."""

    enqueue: float
    drain: float
    single: float | None = None


class LapFailed(Exception):
    """Somebody who is not ours could not run; the message says why."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who can run a lap. ``lap(place, jobs)`` raises unless all were done, ``LapFailed`` if that may be."""

    name: str
    lap: Callable[[str, int], Lap]


@dataclass(frozen=True, slots=True)
class Laps:
    """What everybody did, round by round, and why some did not."""

    of: dict[str, list[Lap]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Stopwatch:
    """Seconds from one call of ``split`` to the next."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def split(self) -> float:
        before, self._last = self._last, time.perf_counter()
        return self._last - before


def interleave(
    contenders: Sequence[Contender], place: Place, jobs: int, rounds: int, say: Callable[[str], None]
) -> Laps:
    """Let everybody run once a round, so that a machine that slows down slows all of them."""
    laps = Laps()
    for number in range(1, rounds + 1):
        for contender in contenders:
            if contender.name in laps.failed:
                continue
            say(f"round {number} of {rounds}: {contender.name}")
            try:
                with place() as where:
                    gc.collect()
                    laps.of.setdefault(contender.name, []).append(contender.lap(where, jobs))
            except LapFailed as error:
                say(f"{contender.name} failed: {error}")
                laps.failed[contender.name] = str(error)
                laps.of.pop(contender.name, None)
    return laps


def done(name: str, expected: int, got: int) -> None:
    """Refuse to time work that was not done."""
    if expected != got:
        raise RuntimeError(f"{name} had {expected} jobs to do and did {got}: its lap counts for nothing")


def batches(jobs: int) -> Iterator[int]:
    """Sizes of bulk enqueues that make ``jobs`` together."""
    for begin in range(0, jobs, BATCH):
        yield min(BATCH, jobs - begin)


def singles(jobs: int) -> int:
    """How many of ``jobs`` are also enqueued one by one, after the rest."""
    return max(jobs // 10, 1)
