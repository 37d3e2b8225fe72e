"""Follows the work until all of it is done, and lets one worker die on the way."""

import time
from collections.abc import Callable

from demo.fleet import SLOTS, Casualty, Fleet, WorkersFailed
from demo.ledger import Ledger

PAUSE = 0.05
"""Seconds between two looks at the queue."""
KILL_AFTER = 0.3
"""The share of the jobs that have to wait for a worker, that is done when one is killed."""
STALLED = 60.0
"""Seconds without any job ending after which something must be wrong."""


def work_through(
    ledger: Ledger,
    fleet: Fleet,
    *,
    kill: bool,
    advanced: Callable[[int], None],
    killed: Callable[[Casualty], None],
) -> Casualty | None:
    """Wait until every job is over; answer who was killed, if anybody.

    Args:
        advanced: is told how many jobs are over, whenever that changes.
        killed: is told once.

    Raises:
        WorkersFailed: a worker ended that nobody killed, or nothing happens any more.
    """
    casualty: Casualty | None = None
    before, since = -1, time.monotonic()
    while (finished := ledger.finished()) < len(ledger.files):
        if finished != before:
            before, since = finished, time.monotonic()
            advanced(finished)
        elif time.monotonic() > since + STALLED:
            raise WorkersFailed(f"no job has ended for {STALLED:g} s; {finished} of {len(ledger.files)} are done")
        fleet.check(casualty)
        if kill and casualty is None and finished >= enough(len(ledger.files), fleet.size):
            casualty = fleet.kill_one(ledger.running)
            if casualty is not None:
                killed(casualty)
        time.sleep(PAUSE)
    advanced(finished)
    return casualty


def enough(jobs: int, workers: int) -> int:
    """How many jobs to let end before a worker is killed.

    None, where the workers begin all of them at once: these may all end between two looks.
    """
    return int(KILL_AFTER * max(0, jobs - SLOTS * workers))
