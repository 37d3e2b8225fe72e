"""The older command line of task-mq: ``python -m taskmq.main``. New programs use ``taskmq``."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence

from taskmq import cli
from taskmq.job import Job
from taskmq.storage import get_backend
from taskmq.worker import Worker

PAUSE = 1.0
"""Seconds that ``print_job`` pretends to work."""


def print_job(job: Job) -> None:
    """The handler of jobs that name none: print one line, and take a second."""
    _say(f"Processing job {job.id}: {job.payload}")
    time.sleep(PAUSE)


def run_worker(max_workers: int = 1) -> None:
    """Run jobs of the queue that the environment names, until SIGINT or SIGTERM."""
    Worker(func=print_job, max_workers=max_workers).start()


def serve_api() -> None:
    """As ``taskmq serve-api``."""
    cli.cli.main(["serve-api"], prog_name="taskmq")


def add_job(payload: str | None = None) -> int:
    """Store a job without a handler in the queue that the environment names, and return its id."""
    text = f"Sample payload at {time.time()}" if payload is None else payload
    job_id = get_backend().insert_job(text)
    _say(f"Inserted job with ID: {job_id} and payload: {text}")
    return job_id


def main(args: Sequence[str] | None = None) -> None:
    """Do what a command line says; without a command, exit with 2."""
    asked = _parser().parse_args(args)
    match asked.command:
        case "run-worker":
            run_worker(asked.max_workers)
        case "serve-api":
            serve_api()
        case _:
            add_job(asked.payload)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="main.py", description="TaskForge CLI")
    commands = parser.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("run-worker", help="run jobs")
    worker.add_argument("--max-workers", type=int, default=1, help="jobs at one time")
    commands.add_parser("serve-api", help="serve the REST API")
    commands.add_parser("add-job", help="store a job").add_argument("--payload", help="text")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
