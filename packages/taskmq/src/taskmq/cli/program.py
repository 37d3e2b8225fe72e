"""The ``taskmq`` program: its options, and the way every command of it ends."""

import functools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from taskcore.errors import StoreUnavailable
from taskcore.urls import masked

from taskmq.cli import configuration
from taskmq.cli.failures import ExitCode, Failure, bad_input, report
from taskmq.cli.text import colourless, visible
from taskmq.service import JobNotFound
from taskmq.settings import Settings


class Program(click.Group):
    """A group whose commands answer with an exit code, and whose errors are sentences."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        run = functools.partial(super().main, words, prog_name, complete_var, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        try:
            _refuse_broken(words)
            sys.exit(run() or ExitCode.OK)
        except Exception as error:
            sys.exit(report(error, words))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; say of a job that is missing, or of a server that is away, where it was looked for."""
        try:
            return super().invoke(ctx)
        except StoreUnavailable as error:
            settings = Settings.from_env(os.environ)
            _, away, reason = str(error).partition(" cannot be reached: ")
            if settings.backend != "redis" or not away:
                raise
            message = f"cannot reach Redis at {address(settings)} ({reason.rstrip('.')})"
            hint = "check the URL or run: taskmq doctor"
            raise Failure(message, hint=hint, code=error.code, exit_code=ExitCode.STORE) from error
        except JobNotFound as error:
            message = f"job {error.job_id} not found in {address(Settings.from_env(os.environ))}"
            raise Failure(message, hint="list recent jobs with: taskmq jobs list", code=error.code) from error


def _refuse_broken(words: Sequence[str]) -> None:
    """Bytes that are no UTF-8 come as halves of surrogate pairs, which neither a store nor a terminal can take."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise bad_input(f"{visible(word)[:80]} is not text in UTF-8") from None


def address(settings: Settings) -> str:
    """The queue as an URL without its password."""
    if settings.backend == "redis":
        return masked(settings.redis_url)
    return f"sqlite://{Path(settings.db_path).absolute()}"


def place(settings: Settings) -> str:
    """Where the jobs are, as one part of a line: processes that should share a queue are often in two by mistake."""
    if settings.backend == "redis":
        return f"redis: {visible(address(settings))}"
    return f"db: {visible(Path(settings.db_path).absolute())}"


@contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set variables for what this process does and starts, and put the old ones back."""
    before = {name: os.environ.get(name) for name in changes}
    try:
        os.environ.update(changes)
    except ValueError:  # a NUL, or half of a surrogate pair
        raise bad_input("an option holds a character that no variable of the environment can hold") from None
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Say what runs here, and on what."""
    if wanted and not ctx.resilient_parsing:
        import platform
        import sqlite3
        from importlib.metadata import PackageNotFoundError, version

        parts = [f"python {platform.python_version()}", f"sqlite {sqlite3.sqlite_version}"]
        with suppress(PackageNotFoundError):
            parts.append(f"redis-py {version('redis')}")
        click.echo(f"taskmq {version('taskmq')} ({', '.join(parts)})")
        ctx.exit()


@click.group(cls=Program, name="taskmq", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--backend", type=click.Choice(["sqlite", "redis"]), help="Where jobs are kept. [env: TASKMQ_BACKEND]")
@click.option("--redis-url", metavar="URL", help="Address of the Redis server. [env: TASKMQ_REDIS_URL]")
@click.option("--redis-prefix", metavar="TEXT", help="Begins its keys. [env: TASKMQ_REDIS_PREFIX; default: taskmq:]")
@click.option("--db-path", metavar="PATH", help="The SQLite file. [env: TASKMQ_DB_PATH; default: taskmq.db]")
@click.option("--config", metavar="PATH", help="A file of settings. [env: TASKMQ_CONFIG; default: taskcore.toml]")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks. [env: TASKMQ_DEBUG]")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version, help="Print the versions."
)
@click.pass_context
def cli(ctx: click.Context, /, config: str | None, **options: str | None) -> None:
    """TaskForge CLI: a durable job queue.

    \b
    Exit codes: 0 done, 1 refused or not found, 2 bad usage or input,
    3 store unreachable, 4 not allowed, 5 --wait timed out, 6 partly done,
    130 interrupted, 143 terminated.
    """
    if colourless():
        ctx.color = False
    elif os.environ.get("FORCE_COLOR"):
        ctx.color = True
    # An option wins over the environment by becoming it: workers that a command starts look there too.
    ctx.obj = configuration.read(config, {name: value for name, value in options.items() if value is not None})
    ctx.with_resource(environment(ctx.obj.changes()))
