"""tail."""

import json
import subprocess
from collections.abc import Callable

from click.testing import Result

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
