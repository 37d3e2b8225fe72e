"""One lap: so many no-op jobs are enqueued and drained, on a store that begins empty."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

BATCH = 500
"""Jobs in one bulk enqueue, and in one commit of the bare driver."""


@dataclass(frozen=True, slots=True)
class Lap:
    """Jobs a second, in each half of a lap."""

    enqueue: float
    drain: float


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who can run a lap. ``lap(folder, jobs)`` is given an empty folder, and raises unless all were done."""

    name: str
    lap: Callable[[Path, int], Lap]


class Stopwatch:
    """Seconds from one call of ``split`` to the next."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def split(self) -> float:
        before, self._last = self._last, time.perf_counter()
        return self._last - before


def interleave(
    contenders: Sequence[Contender], jobs: int, rounds: int, say: Callable[[str], None]
) -> dict[str, list[Lap]]:
    """Let everybody run once a round, so that a machine that slows down slows all of them."""
    laps: dict[str, list[Lap]] = {contender.name: [] for contender in contenders}
    for number in range(1, rounds + 1):
        for contender in contenders:
            say(f"round {number} of {rounds}: {contender.name}")
            with TemporaryDirectory(prefix="bench-") as folder:
                gc.collect()
                laps[contender.name].append(contender.lap(Path(folder), jobs))
    return laps


def done(name: str, expected: int, got: int) -> None:
    """Refuse to time work that was not done."""
    if expected != got:
        raise RuntimeError(f"{name} had {expected} jobs to do and did {got}: its lap counts for nothing")
