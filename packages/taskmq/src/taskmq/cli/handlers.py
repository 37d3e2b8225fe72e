"""Commands about handlers: handlers list, register-dummy-handler."""

import click

from taskmq.cli.output import Column, Output, output_options
from taskmq.cli.session import import_option, service
from taskmq.cli.text import cell
from taskmq.service import HandlerInfo

COLUMNS = (
    Column("name", "Name"),
    Column("function", "Function"),
    Column("kind", "Kind"),
    Column("source_hash", "Source", lambda document: cell(document["source_hash"])[:12]),
    Column("summary", "Summary", shrink=True),
)


@click.group("handlers")
def handlers() -> None:
    """List handlers."""


@handlers.command("list")
@import_option
@output_options
def list_handlers(modules: tuple[str, ...], output: Output) -> None:
    """List the handlers that imported modules register, by name."""
    output.many([_document(handler) for handler in service().handlers()], COLUMNS)


def _document(handler: HandlerInfo) -> dict[str, str | None]:
    return {
        "name": handler.name,
        "function": handler.function,
        "kind": "async" if handler.is_async else "sync",
        "source_hash": handler.source_hash,
        "summary": handler.summary,
    }


@click.command("register-dummy-handler")
def register_dummy_handler() -> None:
    """Do nothing.

    Every process has the handler 'dummy' from the start.
    """
    click.echo("Dummy handler 'dummy' registered.")
