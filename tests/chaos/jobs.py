"""What the workers of taskmq run here: each attempt leaves a line in a file when it begins and when it ends."""

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from taskmq.job import Job
from taskmq.jobs.handlers import register_handler

AUDIT = "attempts.txt"
"""In the folder of the workers."""
SLOTS = 3


def note(word: str, job: Job) -> None:
    """One write at the end of a file is whole, whoever else writes and whenever the writer is killed."""
    file = os.open(AUDIT, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{word} {job.id} {job.attempts} {os.getpid()}\n".encode())
    finally:
        os.close(file)


def noted(folder: Path, word: str) -> Sequence[tuple[str, int, int]]:
    """Job, attempt and process of each line with this word."""
    path = folder / AUDIT
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [(job, int(attempt), int(pid)) for said, job, attempt, pid in lines if said == word]


def attempts(folder: Path) -> Counter[tuple[str, int]]:
    """How often each attempt of each job began."""
    return Counter((job, attempt) for job, attempt, _ in noted(folder, "began"))


@register_handler("audited")
def audited(job: Job) -> list[object]:
    """Takes a moment, and returns which attempt of which worker it was."""
    note("began", job)
    time.sleep(random.uniform(0, 0.05))  # Long enough for kills to hit it in the middle.
    note("ended", job)
    return [job.attempts, job.worker]


@register_handler("limited", concurrency=SLOTS)
def limited(job: Job) -> list[object]:
    """The same, a few at a time in all workers together."""
    return audited(job)
