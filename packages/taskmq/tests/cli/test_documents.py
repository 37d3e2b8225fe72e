"""What ``--json`` prints, of every command that knows the option, is a document of a known shape."""

import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import click
import jsonschema_rs
import pytest
from click.testing import Result
from taskmq.cli import cli
from taskmq.options import JobOptions
from taskmq.schedules import JobSchedule, Schedules
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.vocabulary import utc_now
from taskmq.worker import Worker

from . import schemas
from .schemas import Schema

Taskmq = Callable[..., Result]

SHAPES: dict[str, Schema] = {
    "add-job --handler email --payload '{}'": schemas.JOB,
    "config show": schemas.SETTINGS,
    "doctor": schemas.CHECKS,
    "get-job 1": schemas.JOB,
    "get-job 2": schemas.JOB,
    "get-job 99": schemas.ERROR,
    "handlers list": schemas.HANDLERS,
    "inspect 2": schemas.INSPECTED,
    "jobs cancel 3 2": schemas.CANCELLED,
    "jobs cancel --all --dry-run": schemas.JOBS,
    "jobs delete 1 99": schemas.DELETED,
    "jobs list": schemas.PAGE_OF_JOBS,
    "jobs list --limit 1": schemas.PAGE_OF_JOBS,
    "jobs list --state nonsense": schemas.ERROR,
    "jobs purge --older-than 1d --dry-run": schemas.TO_PURGE,
    "jobs purge --older-than 1d --yes": schemas.PURGED,
    "jobs retry 2 1": schemas.RETRIED,
    "jobs show 1": schemas.INSPECTED,
    "list-dead": schemas.JOBS,
    "logs --job 2": schemas.LINES,
    "migrate --from sqlite:///taskmq.db --to sqlite:///other.db --dry-run": schemas.TO_MIGRATE,
    "queues limit mail 3": schemas.QUEUES,
    "queues list": schemas.QUEUES,
    "queues pause mail": schemas.QUEUES,
    "queues resume mail": schemas.QUEUES,
    "replay 1": schemas.REPLAYED,
    "replay-dead 2": schemas.REPLAYED,
    "replay-dead --all --yes": schemas.ALL_REPLAYED,
    "schedules add weekly --cron @weekly --handler email": schemas.SCHEDULE,
    "schedules history nightly": schemas.FIRED,
    "schedules list": schemas.SCHEDULES,
    "schedules next nightly": schemas.INSTANTS,
    "schedules pause nightly": schemas.SCHEDULE,
    "schedules resume nightly": schemas.SCHEDULE,
    "schedules run nightly": schemas.STORED_BY_SCHEDULE,
    "stats": schemas.STATS,
    "status": schemas.STATUS,
    "users list": schemas.USERS,
    "workers list": schemas.WORKERS,
}


@pytest.fixture(scope="module")
def used_queue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Job 1 has succeeded, job 2 is dead, job 3 is pending; a schedule has stored job 4."""
    folder = tmp_path_factory.mktemp("used")
    backend = SQLiteBackend(folder / "taskmq.db")
    backend.insert_job({"to": "a@b.c"}, handler="dummy")
    backend.insert_job([1], handler="gone", retry_policy="none")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        Worker(backend=backend).start(until_idle=True)
    backend.insert_job(3, scheduled_for=utc_now() + timedelta(hours=1))
    Schedules(backend).add(JobSchedule(id="nightly", cron="0 3 * * *", options=JobOptions(handler="dummy")))
    Schedules(backend).run_now("nightly")
    backend.close()
    return folder / "taskmq.db"


@pytest.fixture(autouse=True)
def something_of_everything(queue: Path, used_queue: Path) -> None:
    """Each test has a queue of its own where something has happened."""
    shutil.copy(used_queue, queue)


@pytest.mark.parametrize("words", SHAPES)
def test_a_document_has_the_shape_that_is_written(taskmq: Taskmq, words: str) -> None:
    document = json.loads(taskmq(*shlex.split(words), "--json").stdout)

    validator = jsonschema_rs.validator_for(dict(SHAPES[words]), validate_formats=True)
    assert [] == [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)]


def test_every_command_that_prints_documents_is_among_them() -> None:
    told = {path for path in commands(cli) if any(words.startswith(path) for words in SHAPES)}

    assert set() == set(commands(cli)) - told


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Those that know ``--json``, as one types them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        elif any("--json" in param.opts for param in command.params):
            yield f"{before}{name}"
