"""A peer: huey on SQLite, in one process as well, with its own consumer and the settings that suit it best here.

``fsync`` is on: the durability that our store has. Two threads are its best here, more of them only wait for each
other's transactions. Tasks that return None store no result, so a drained task costs huey one commit, which removes it.
It has no bulk enqueue.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event

from benchmarks.laps import Contender, Lap, Stopwatch, done

try:
    import huey
except ImportError:  # It is in the dependency group `bench`, which nothing else needs.
    huey = None

SETTINGS = {"fsync": True, "journal_mode": "wal", "cache_mb": 8}
CONSUMER = {"workers": 2, "worker_type": "thread", "initial_delay": 0.001, "max_delay": 0.01, "periodic": False}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 600.0


def contenders() -> list[Contender]:
    """Those that are installed."""
    return [] if huey is None else [Contender("huey", lap)]


def lap(folder: Path, jobs: int) -> Lap:
    """Enqueue one by one, drain with a consumer."""
    queue = huey.SqliteHuey("bench", filename=str(folder / "huey.db"), **SETTINGS)
    runs, finished = count(1), Event()

    def noop() -> None:
        if next(runs) == jobs:
            finished.set()

    task = queue.task()(noop)
    watch = Stopwatch()
    for _ in range(jobs):
        task()
    enqueued = watch.split()
    with consuming(queue):
        finished.wait(PATIENCE)
        drained = watch.split()
    done("huey", jobs, next(runs) - 1)
    queue.storage.close()
    return Lap(jobs / enqueued, jobs / drained)


@contextmanager
def consuming(queue: "huey.SqliteHuey") -> Iterator[None]:
    """Run huey's consumer; it puts handlers of its own on the signals, so ours come back afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    consumer = queue.create_consumer(**CONSUMER)
    consumer.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
        for number, handler in before.items():
            signal.signal(number, handler)
