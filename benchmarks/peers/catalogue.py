"""Which peers there are, and how they run a lap: in an environment and in a process of their own.

Each has the settings that suit it best here; its runner tells which. uvloop made no difference to speak of to
those that were tried with it (SAQ, arq, streaq, taskiq-redis, pgqueuer).
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.laps import Contender, Lap, LapFailed
from benchmarks.peers.environments import interpreter

ROOT = Path(__file__).parents[2]
PATIENCE = 180
"""Seconds for one lap."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A task queue of others.

    Attributes:
        runner: its module below ``benchmarks.peers.runners``.
        requirements: what its environment is made of, the peer itself first.
        most: jobs in a lap, for those that would need minutes for all; they are as slow with few.
    """

    name: str
    runner: str
    requirements: tuple[str, ...]
    most: int = 40_000

    def contender(self) -> Contender:
        return Contender(self.name, self._lap)

    def _lap(self, place: str, jobs: int) -> Lap:
        python = interpreter(self.name, self.requirements)
        command = [str(python), "-m", f"benchmarks.peers.runners.{self.runner}", place, str(min(jobs, self.most))]
        try:
            ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.CalledProcessError as error:
            raise LapFailed(f"its process ended with {error.returncode}: {error.stderr.strip()[-500:]}") from error
        except subprocess.TimeoutExpired as error:
            raise LapFailed(f"its lap was not over after {PATIENCE} s") from error
        return Lap(**json.loads(ran.stdout.splitlines()[-1]))


TASK_MQ = Peer("task-mq", "task_mq", ("task-mq[redis]==0.1.2", "hiredis"), most=200)
"""The public release whose names taskmq keeps; the same program runs on both of its stores."""

LAPINQ = Peer("lapinq 1.3.0", "lapinq", ("lapinq==1.3.0",), most=50)
"""The public release whose names lapinq keeps."""

ON_POSTGRES = (
    LAPINQ,
    Peer("pgqueuer", "pgqueuer", ("pgqueuer[asyncpg]==1.6.0",)),
    Peer("procrastinate", "procrastinate", ("procrastinate==3.10.0", "psycopg[binary]"), most=1_000),
)
ON_REDIS = (
    Peer("SAQ", "saq", ("saq[hiredis,redis]==0.26.4", "typing-extensions"), most=5_000),
    Peer("arq", "arq", ("arq==0.28.0", "hiredis"), most=5_000),
    Peer("streaq", "streaq", ("streaq==7.2.0",), most=5_000),
    Peer("taskiq-redis", "taskiq", ("taskiq-redis==1.2.4", "hiredis"), most=5_000),
    Peer("dramatiq", "dramatiq", ("dramatiq[redis]==2.2.1", "hiredis"), most=5_000),
    TASK_MQ,
)
ON_SQLITE = (Peer("huey", "huey", ("huey==3.5.4",)), TASK_MQ)
