"""Whole sessions as people see them; times stand still as ``TIME``."""

import re
import shlex
from collections.abc import Callable

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]

SESSIONS = {
    "a job from the shell": r"""
$ taskmq add-job --payload '{"to":"a@b.c"}' --handler email
Inserted job with ID: 1, handler: email, priority: 0, payload: {'to': 'a@b.c'}
$ taskmq run-worker --import myjobs --until-idle
Starting worker pool with 1 worker(s) using sqlite backend... Press Ctrl+C to stop.
  handlers: dummy, email, raise, report, slow   queues: default   db: FOLDER/taskmq.db
Stopped. Processed 1 (1 ok, 0 failed), requeued 0.
$ taskmq get-job 1
Job ID: 1
Status: SUCCESS
Priority: 0
Payload: {"to": "a@b.c"}
Result: {'sent': True}
Retries: 0
$ taskmq inspect 1
Job ID: 1
Status: SUCCESS
Handler: email
Payload: {"to": "a@b.c"}
----------------------------------------
Execution Timeline:
[TIME] Queued
[TIME] Job started
[TIME] Job finished successfully
""",
    "bad JSON": r"""
$ taskmq add-job --payload '{bad' --handler email
Error: --payload is not valid JSON: expected a property name in double quotes (line 1, column 2).
  {bad
   ^
Hint: quote the whole value for your shell, e.g. --payload '{"to":"a@b.c"}', or pass --payload @file.json
exit 2
""",
    "a handler that nobody has": r"""
$ taskmq add-job --handler emial --payload '{}' --strict --import myjobs
Error: no handler named "emial" is registered in this environment.
Hint: did you mean "email"? List them with: taskmq handlers list --import myjobs
exit 1
""",
    "a job that is not there": r"""
$ taskmq get-job 999
Error: job 999 not found in sqlite://FOLDER/taskmq.db.
Hint: list recent jobs with: taskmq jobs list
exit 1
""",
    "a server without a secret": r"""
$ taskmq serve-api
Error: TASKMQ_JWT_SECRET is not set (or is the old built-in default).
Hint: export TASKMQ_JWT_SECRET="$(taskmq secrets generate)"   or for a local trial: taskmq serve-api --dev
exit 2
""",
    "a Redis that is away": r"""
$ taskmq --backend redis --redis-url redis://:s3cret@127.0.0.1:1/0 jobs list
Error: cannot reach Redis at redis://:***@127.0.0.1:1/0 (REASON).
Hint: check the URL or run: taskmq doctor
exit 3
""",
    "dead jobs": r"""
$ taskmq add-job --handler report --payload '{"month": 13}' --retry-policy none -q
1
$ taskmq add-job --handler gone --payload '{}' --retry-policy none -q
2
$ taskmq run-worker --import myjobs --until-idle
Starting worker pool with 1 worker(s) using sqlite backend... Press Ctrl+C to stop.
  handlers: dummy, email, raise, report, slow   queues: default   db: FOLDER/taskmq.db
Stopped. Processed 2 (0 ok, 2 failed), requeued 0.
$ taskmq jobs list --state failed --limit 1
id	state	handler	attempts	max_attempts	created_at	duration_ms	error
2	dead	gone	1	1	TIME	MS	UnknownHandler: Unknown handler: gone
1 of 2 shown. More: taskmq jobs list --state failed --limit 1 --cursor CURSOR
$ taskmq list-dead
Found 2 dead jobs:
ID: 2 | Created: TIME | Handler: gone | Error: Unknown handler: gone
ID: 1 | Created: TIME | Handler: report | Error: bad month 13
$ taskmq logs --job 1
[TIME] [Job 1] [INFO] Job started
[TIME] [Job 1] [ERROR] Job failed: bad month 13
$ taskmq replay-dead --all --dry-run
Would replay 2 dead jobs: report 1, gone 1 (oldest AGE, newest AGE). Nothing changed.
$ taskmq replay-dead --all --yes --rate 50/s --import myjobs
Replayed 1, skipped 1 (job 2: handler "gone" no longer registered).
exit 6
""",
}

FROZEN = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+(Z|\+00:00)", "TIME"),
    (r"(?<=TIME\t)\d+(?=\t)", "MS"),
    (r"\d+ s(?=[,)])", "AGE"),
    (r"(?<=--cursor )\S+", "CURSOR"),
    (r"(?<=/0 \().+(?=\))", "REASON"),
)


@pytest.mark.parametrize("title", SESSIONS)
def test_a_session_goes_as_written(taskmq: Taskmq, folder: object, title: str) -> None:
    shown = []
    for line in SESSIONS[title].splitlines():
        if line.startswith("$ taskmq "):
            result = taskmq(*shlex.split(line)[2:])
            ending = f"exit {int(result.exit_code)}\n" if result.exit_code else ""
            shown.append(f"{line}\n{result.output}{ending}")

    text = "".join(shown).replace(str(folder), "FOLDER")
    for pattern, word in FROZEN:
        text = re.sub(pattern, word, text)
    assert SESSIONS[title].lstrip() == text
