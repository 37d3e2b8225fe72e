"""huey on SQLite, with its own consumer.

``fsync`` is on: the durability that our store has. Two threads are its best here, more of them only wait for each
other's transactions. Tasks that return None store no result, so a drained task costs huey one commit, which removes it.
It has no bulk enqueue.
"""

from pathlib import Path
from typing import Any

from huey import SqliteHuey

from benchmarks.laps import Lap
from benchmarks.peers.runs import Runs, main

SETTINGS: dict[str, Any] = {"fsync": True, "journal_mode": "wal", "cache_mb": 8}
CONSUMER: dict[str, Any] = {
    "workers": 2,
    "worker_type": "thread",
    "initial_delay": 0.001,
    "max_delay": 0.01,
    "periodic": False,
}


async def lap(place: str, jobs: int) -> Lap:
    queue = SqliteHuey("bench", filename=str(Path(place) / "huey.db"), **SETTINGS)
    runs = Runs("huey", jobs)

    @queue.task()
    def noop() -> None:
        runs.one()

    for _ in range(jobs):
        noop()
    runs.enqueued()
    queue.create_consumer(**CONSUMER).start()
    return await runs.lap()


if __name__ == "__main__":
    main(lap)
