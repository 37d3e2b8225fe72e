"""What Tab offers: ids, handlers, queues and schedules of the queue, if it answers at once; nothing otherwise.

``lapinq.cli.completing`` is its twin.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from taskmq.storage.base import QueueBackend

PATIENCE = 0.3
"""Seconds to wait for the queue."""
NEWEST = 200
"""Jobs to look at."""

MAX_ID = 2**63 - 1

Offer = tuple[str, str]
"""A word, and what people are told of it."""


class Whole(click.IntRange):
    """A whole number within a range; help and errors call it an integer, not an "integer range"."""

    name = "integer"


class JobId(Whole):
    """The id of a job."""

    def __init__(self, least: int = 1) -> None:
        super().__init__(least, MAX_ID)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _offered(ctx, incomplete, _jobs)


class Known(click.types.StringParamType):
    """Any text; Tab offers what the queue knows."""

    def __init__(self, find: "Callable[[QueueBackend], Iterable[Offer]]") -> None:
        self._find = find

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _offered(ctx, incomplete, self._find)


def _jobs(backend: "QueueBackend") -> Iterable[Offer]:
    from taskmq.filters import JobFilter
    from taskmq.service import Service

    for job in Service(backend).list(JobFilter(limit=NEWEST)).items:
        yield str(job.id), f"{job.state} {job.handler or ''}"


def _handlers(backend: "QueueBackend") -> Iterable[Offer]:
    from taskmq.filters import JobFilter
    from taskmq.service import Service
    from taskmq.workers import workers_of

    served = {handler for worker in workers_of(backend) for handler in worker.info.handlers}
    used = {job.handler for job in Service(backend).list(JobFilter(limit=NEWEST)).items if job.handler}
    return [(handler, "") for handler in sorted(served | used)]


def _queues(backend: "QueueBackend") -> Iterable[Offer]:
    from taskmq.queues import Queues

    return [(queue.name, "paused" if queue.paused else "") for queue in Queues(backend).all()]


def _schedules(backend: "QueueBackend") -> Iterable[Offer]:
    from taskmq.schedules import Schedules

    return [(schedule.id, schedule.order.options.handler or "") for schedule in Schedules(backend).list()]


HANDLER, QUEUE_NAME, SCHEDULE = Known(_handlers), Known(_queues), Known(_schedules)


def _offered(
    ctx: click.Context, incomplete: str, find: "Callable[[QueueBackend], Iterable[Offer]]"
) -> list[CompletionItem]:
    """Those that begin with what is typed. Whatever goes wrong is nobody's business while they type."""
    found: list[Offer] = []
    looking = threading.Thread(target=_look, args=(ctx.find_root(), find, found), daemon=True)
    looking.start()
    looking.join(PATIENCE)
    return [CompletionItem(word, help=about or None) for word, about in found if word.startswith(incomplete)]


def _look(root: click.Context, find: "Callable[[QueueBackend], Iterable[Offer]]", found: list[Offer]) -> None:
    with suppress(Exception):
        for backend in _opened(root.params):
            found.extend(find(backend))


def _opened(params: dict[str, Any]) -> "Iterable[QueueBackend]":
    """The queue that the words before name; none where looking would make one."""
    import os

    from taskmq import cli as front
    from taskmq.cli import configuration
    from taskmq.settings import Settings

    options = {key: value for key, value in params.items() if key in configuration.SETTINGS and value}
    os.environ.update(configuration.read(params.get("config"), options).changes())
    settings = Settings.from_env(os.environ)
    if settings.backend != "sqlite" or Path(settings.db_path).exists():
        yield front.get_backend()


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that lets Tab complete commands, options, ids, handlers and queues.

    \b
    bash:  eval "$(taskmq completion bash)"    in ~/.bashrc
    zsh:   eval "$(taskmq completion zsh)"     in ~/.zshrc
    fish:  taskmq completion fish > ~/.config/fish/completions/taskmq.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    made, root = get_completion_class(shell), click.get_current_context().find_root().command
    if made is not None:
        # Not its own ``source``, which starts the shell to ask how old it is.
        click.echo(ShellComplete.source(made(root, {}, "taskmq", "_TASKMQ_COMPLETE")))
