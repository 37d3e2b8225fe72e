"""What every command says of itself is reviewed like code: it stands in ``help.txt``, beside this file."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result
from taskmq.cli import cli

Taskmq = Callable[..., Result]
RENEW = "if it is meant so: TASKMQ_WRITE_HELP=1 uv run pytest packages/taskmq/tests/cli/test_help.py"
WRITTEN = Path(__file__).with_name("help.txt")
WRITE = bool(os.environ.get("TASKMQ_WRITE_HELP"))


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The group, and all below it."""
    yield path, group
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_the_help_of_every_command_is_as_written(taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = "\n".join(taskmq(*path, "--help").stdout for path, _ in commands(cli))

    if WRITE:
        WRITTEN.write_text(shown, encoding="utf-8")
    assert WRITTEN.read_text(encoding="utf-8") == shown, RENEW


def test_every_command_and_option_explains_itself() -> None:
    self_evident = {"--retry-policy", "--role", "--level", "--misfire", "--overlap", "--password-stdin"}
    for path, command in commands(cli):
        assert command.help, path
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden and param.opts[0] not in self_evident:
                assert param.help, (path, param.opts)


def test_every_variable_of_the_environment_is_told() -> None:
    for path, command in commands(cli):
        for param in command.params:
            if isinstance(param, click.Option) and param.envvar:
                record = param.get_help_record(click.Context(command))
                assert record is not None
                assert f"[env: {param.envvar}" in record[1], path
