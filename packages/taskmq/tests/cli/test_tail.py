"""tail."""

import json
import subprocess
from collections.abc import Callable, Sequence
from importlib import import_module

import pytest
from click.testing import Result
from taskcore.errors import StoreUnavailable
from taskmq.service import Entry, Service

Taskmq = Callable[..., Result]
Start = Callable[..., subprocess.Popen[str]]


def test_what_happens_is_printed_as_it_happens(taskmq: Taskmq, process: Start) -> None:
    tail = process("tail", "--since", "1h", "--jsonl")
    assert tail.stdout is not None
    taskmq("add-job", "--handler", "email", "--payload", "{}")
    taskmq("run-worker", "--import", "myjobs", "--until-idle")

    lines = [json.loads(tail.stdout.readline()) for _ in range(2)]

    assert [("email", "Job started"), ("email", "Job finished successfully")] == [
        (line["handler"], line["message"]) for line in lines
    ]


def test_one_job_is_followed_to_its_end(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "report", "--payload", "{}", "--retry-policy", "none")
    taskmq("run-worker", "--import", "myjobs", "--until-idle")

    everything, errors = (
        taskmq("tail", "--job", "1", "--since", "1h", "--level", level) for level in ("INFO", "ERROR")
    )

    assert (0, taskmq("logs", "--job", "1").stdout) == (everything.exit_code, everything.stdout)
    assert "[ERROR] Job failed: bad month 13\n" == errors.stdout.partition("[Job 1] ")[2]
    assert "" == taskmq("tail", "--job", "1").stdout
    assert 1 == taskmq("tail", "--job", "9").exit_code


def test_a_queue_that_is_away_for_a_while_is_waited_for(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a job that is cancelled while the queue is away
    taskmq("add-job", "--handler", "email", "--payload", "{}")
    looks, logs = iter(range(4)), Service.logs

    def away_twice(queue: Service, *, job_id: int | None, handler: str | None, limit: int) -> Sequence[Entry]:
        look = next(looks)
        if look in (1, 2):
            raise StoreUnavailable("the disk is full")
        found = logs(queue, job_id=job_id, handler=handler, limit=limit)
        if look == 0:
            queue.cancel(1)
        return found

    monkeypatch.setattr(Service, "logs", away_twice)
    monkeypatch.setattr(import_module("taskmq.cli.tail"), "POLL", 0.01)

    # When
    told = taskmq("tail", "--job", "1", "--since", "1h")

    # Then
    assert (0, "the disk is full; waiting until it is back\n") == (told.exit_code, told.stderr)
    assert "[WARNING] Cancelled by admin\n" == told.stdout.partition("[Job 1] ")[2]
