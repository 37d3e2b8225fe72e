"""What the program of every peer does: count, stop the clock, print what was measured.

A peer's drain ends with its last handler, ours when the last settlement is stored: what a peer still has to write then
is a present to it. The standard library and ``laps`` are all there is here, beside the peer.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from threading import Event, Lock
from typing import Any

from benchmarks.laps import Lap, Stopwatch, done

PATIENCE = 120.0
"""Seconds to wait for a peer's last handler."""


class Runs:
    """Counts the calls of a handler, and remembers when the last one came."""

    def __init__(self, name: str, jobs: int) -> None:
        self._name, self._jobs, self._made = name, jobs, 0
        self._lock, self._last = Lock(), Event()
        self._watch, self._enqueued, self._drained = Stopwatch(), 0.0, 0.0

    def enqueued(self) -> None:
        """All jobs are in the queue; a worker may begin."""
        self._enqueued = self._watch.split()

    def one(self) -> None:
        """Count a call, from any thread."""
        with self._lock:
            self._made += 1
            if self._made == self._jobs:
                self._drained = self._watch.split()
                self._last.set()

    async def lap(self, working: Coroutine[Any, Any, object] | None = None) -> Lap:
        """Both rates, once the last call has come; ``working`` is the worker, where it is a coroutine."""
        worker = None if working is None else asyncio.create_task(working)
        await asyncio.to_thread(self._last.wait, PATIENCE)
        if worker is not None and worker.done():
            worker.result()  # Some workers end when the queue is empty, and some because they failed.
        done(self._name, self._jobs, self._made)
        return Lap(self._jobs / self._enqueued, self._jobs / self._drained)


def main(lap: Callable[[str, int], Coroutine[None, None, Lap]]) -> None:
    """Run ``lap(place, jobs)`` as the command line says, and print it as one line of JSON."""
    logging.disable(logging.INFO)  # two lines a job are more than some peers' work
    asyncio.run(run(lap(sys.argv[1], int(sys.argv[2]))))


async def run(lap: Coroutine[None, None, Lap]) -> None:
    print(json.dumps(asdict(await lap)), flush=True)
    os._exit(0)  # Some workers do not stop every time they are told to, and nothing here is worth waiting for them.
