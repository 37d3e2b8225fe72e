"""Commands about settings: config show."""

import os

import click
from taskcore.errors import InvalidInput
from taskcore.urls import HIDDEN, masked

from taskmq.cli.configuration import SETTINGS, Configuration, Setting
from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.environment import secret_value

COLUMNS = (
    Column("key", "Setting"),
    Column("value", "Value"),
    Column("origin", "Origin"),
    Column("source", "Source", shrink=True),
)


@click.group("config")
def config() -> None:
    """Show settings."""


@config.command("show")
@output_options
@click.pass_obj
def show_config(found: Configuration, output: Output) -> None:
    """Show each setting, and who says so: an option, the environment, a file, or nobody.

    The file is --config, TASKMQ_CONFIG, or in the working directory [taskmq] of taskcore.toml or
    [tool.taskcore.taskmq] of pyproject.toml.
    """
    output.many([_document(found, setting) for setting in SETTINGS.values()], COLUMNS)


def _document(found: Configuration, setting: Setting) -> Document:
    origin = found.origin(setting.key)
    return {
        "key": setting.key,
        "value": _shown(setting) if origin != "default" else setting.default,
        "origin": origin,
        "source": _source(found, setting, origin),
        "variable": setting.variable,
    }


def _shown(setting: Setting) -> str | None:
    """The value as it is in force, without what nobody may see."""
    if not setting.secret:
        return os.environ.get(setting.variable)
    try:
        value = secret_value(os.environ, setting.variable)
    except InvalidInput as error:
        return f"({error})"
    return None if value is None else masked(value) if "://" in value else HIDDEN


def _source(found: Configuration, setting: Setting, origin: str) -> str | None:
    match origin:
        case "option":
            return f"--{setting.key.replace('_', '-')}"
        case "environment" if not found.environment.get(setting.variable):
            return f"{setting.variable}_FILE"
        case "environment":
            return setting.variable
        case "file":
            return str(found.path)
        case _:
            return None
