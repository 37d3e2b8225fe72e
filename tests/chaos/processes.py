"""Processes of workers, that a test kills, pauses and replaces."""

import random
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self


class Processes:
    """So many of one command, which tells on stdout that it is ready. ``kill`` hits one at random."""

    def __init__(
        self, command: Sequence[str], size: int, rng: random.Random, *, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._command, self._cwd, self._env = command, cwd, env
        self._rng = rng
        self._ready: set[int] = set()
        self._workers = [self._start() for _ in range(size)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no worker behind when a test fails."""
        for worker in self._workers:
            with worker:
                worker.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdout=subprocess.PIPE, cwd=self._cwd, env=self._env)

    @property
    def pids(self) -> set[int]:
        """Those that are meant to live."""
        return {worker.pid for worker in self._workers}

    def wait_until_ready(self) -> None:
        """Return when all have opened their store."""
        for worker in self._workers:
            if worker.pid not in self._ready and worker.stdout is not None:
                worker.stdout.readline()
                self._ready.add(worker.pid)

    def kill(self) -> None:
        """SIGKILL one, and start another in its place."""
        place = self._rng.randrange(len(self._workers))
        with self._workers[place] as victim:
            victim.kill()
        self._workers[place] = self._start()

    def pause(self, name: str) -> subprocess.Popen[bytes]:
        """SIGSTOP the worker of this name; the caller sends SIGCONT."""
        (worker,) = [worker for worker in self._workers if f":{worker.pid}:" in name]
        worker.send_signal(signal.SIGSTOP)
        return worker

    def replace_the_dead(self) -> int:
        """Start another for each that has ended, and answer how many."""
        dead = [place for place, worker in enumerate(self._workers) if worker.poll() is not None]
        for place in dead:
            with self._workers[place]:
                self._workers[place] = self._start()
        return len(dead)

    def stop(self, within: float = 60) -> list[int]:
        """SIGTERM all, once each is past its start, and answer how they exited."""
        self.wait_until_ready()
        for worker in self._workers:
            worker.terminate()
        return [self._ended(worker, within) for worker in self._workers]

    @staticmethod
    def _ended(worker: subprocess.Popen[bytes], within: float) -> int:
        with worker:
            return worker.wait(within)
