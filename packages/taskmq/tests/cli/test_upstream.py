"""Seams that programs of the public release reach into: what they put there is used."""

from collections.abc import Iterator
from unittest.mock import MagicMock, patch

import click
import pytest
from click.testing import CliRunner
from taskmq import cli as front
from taskmq.cli import cli
from taskmq.storage.base import Job, JobStatus


@pytest.fixture
def backend() -> Iterator[MagicMock]:
    with patch("taskmq.cli.get_backend") as get_backend:
        yield get_backend.return_value


@pytest.fixture
def worker() -> Iterator[MagicMock]:
    with patch("taskmq.cli.worker.Worker") as worker:
        yield worker


def test_one_job_is_inserted_by_one_call(backend: MagicMock) -> None:
    backend.insert_job.return_value = 100

    result = CliRunner().invoke(cli, ["add-job", "--payload", '{"a": 1}', "--handler", "dummy", "--priority", "5"])

    assert 0 == result.exit_code
    assert "Inserted job with ID: 100, handler: dummy, priority: 5, payload: {'a': 1}\n" == result.output
    backend.insert_job.assert_called_once()
    assert '{"a": 1}' == backend.insert_job.call_args.args[0]


def test_a_job_is_read_by_its_number(backend: MagicMock) -> None:
    backend.get_job.return_value = Job(id=100, status=JobStatus.SUCCESS, payload='{"a":1}', result="CLI Result")

    result = CliRunner().invoke(cli, ["get-job", "100"])

    backend.get_job.assert_called_with(100)
    assert "Job ID: 100\nStatus: SUCCESS\n" in result.output
    assert 'Payload: {"a":1}\nResult: CLI Result\n' in result.output


def test_a_missing_job_is_told_and_is_no_success(backend: MagicMock) -> None:
    backend.get_job.return_value = None

    result = CliRunner().invoke(cli, ["get-job", "999"])

    assert 1 == result.exit_code
    assert "job 999 not found" in result.output


def test_a_worker_is_made_with_nothing_but_its_size(worker: MagicMock) -> None:
    result = CliRunner().invoke(cli, ["run-worker", "--max-workers", "2"])

    worker.assert_called_once_with(max_workers=2)
    worker.return_value.start.assert_called_once_with()
    assert "Starting worker pool with 2 worker(s) using sqlite backend... Press Ctrl+C to stop.\n" in result.stdout


def test_a_keyboard_interrupt_out_of_the_worker_stops_it(worker: MagicMock) -> None:
    worker.return_value.start.side_effect = KeyboardInterrupt

    result = CliRunner().invoke(cli, ["run-worker"])

    assert 0 == result.exit_code
    assert result.stdout.endswith("Stopping worker...\n")
    worker.return_value.stop.assert_called_once_with()


def test_a_worker_gets_what_else_was_asked_for(worker: MagicMock) -> None:
    CliRunner().invoke(cli, ["run-worker", "--lease", "5s", "--grace", "1m", "--until-idle"])

    worker.assert_called_once_with(max_workers=1, lock_timeout=5.0, grace=60.0)
    worker.return_value.start.assert_called_once_with(until_idle=True)


@pytest.mark.parametrize(
    "name",
    [
        "add_job",
        "get_job",
        "inspect",
        "list_dead",
        "logs",
        "register_dummy_handler",
        "replay",
        "replay_dead",
        "run_worker",
    ],
)
def test_each_command_is_a_name_of_the_module(name: str) -> None:
    command = getattr(front, name)

    assert isinstance(command, click.Command)
    assert command is cli.commands[name.replace("_", "-")]


def test_the_program_is_a_click_group() -> None:
    assert isinstance(cli, click.Group)
    assert callable(front.main)
