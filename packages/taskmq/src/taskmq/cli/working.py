"""run-worker: a process that runs jobs, or several of them and one that watches over them."""

import asyncio
import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from taskcore.engine.announcer import Tally
from taskcore.engine.garbage import rare_collections

from taskmq import cli as front
from taskmq.cli.completing import Whole
from taskmq.cli.failures import ExitCode, bad_input
from taskmq.cli.params import Setting, duration, names
from taskmq.cli.program import place
from taskmq.cli.session import close_at_end, import_option
from taskmq.cli.text import visible
from taskmq.health_port import MAX_PORT, HealthPort
from taskmq.hooks import hooks
from taskmq.jobs.handlers import HANDLERS
from taskmq.settings import Settings
from taskmq.storage.store_backend import QUEUES

if TYPE_CHECKING:
    from taskmq.worker import Worker

GRACE = timedelta(seconds=30)
MOST_PROCESSES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the options of run-worker ask for; what is None, the worker decides."""

    max_workers: int
    queues: tuple[str, ...] | None
    max_jobs: int | None
    lease: timedelta | None
    grace: timedelta | None
    result_ttl: timedelta | None
    failure_ttl: timedelta | None
    health_port: int | None
    health_host: str
    until_idle: bool
    modules: tuple[str, ...]

    def worker(self) -> "Worker":
        """A worker as it asks for."""
        asked: dict[str, Any] = {"queues": self.queues, "max_jobs": self.max_jobs}
        asked["lock_timeout"] = None if self.lease is None else self.lease.total_seconds()
        asked["grace"] = None if self.grace is None else self.grace.total_seconds()
        asked |= {"result_ttl": self.result_ttl, "failure_ttl": self.failure_ttl, "health": self._health()}
        return front.worker.Worker(
            max_workers=self.max_workers, **{name: value for name, value in asked.items() if value is not None}
        )

    def _health(self) -> HealthPort | None:
        if self.health_port is None:
            return None
        port = HealthPort(self.health_port, self.health_host)
        port.open()
        return port

    def words(self) -> list[str]:
        """The options that say the same."""
        words = ["--max-workers", str(self.max_workers)]
        for name in ("lease", "grace", "result_ttl", "failure_ttl"):
            if (span := getattr(self, name)) is not None:
                words += [f"--{name.replace('_', '-')}", f"{span.total_seconds():f}s"]
        words += ["--queues", ",".join(self.queues)] if self.queues else []
        words += ["--max-jobs", str(self.max_jobs)] if self.max_jobs else []
        if self.health_port is not None:
            words += ["--health-port", str(self.health_port), "--health-host", self.health_host]
        words += ["--import", ",".join(self.modules)] if self.modules else []
        return [*words, "--until-idle"] if self.until_idle else words


@click.command("run-worker")
@click.option(
    "--max-workers",
    cls=Setting,
    envvar="TASKMQ_MAX_WORKERS",
    type=Whole(max=10_000),
    metavar="N",
    default=1,
    show_default=True,
    help="Jobs at one time.",
)
@click.option(
    "--processes",
    cls=Setting,
    envvar="TASKMQ_PROCESSES",
    type=Whole(1, MOST_PROCESSES),
    metavar="N",
    default=1,
    show_default=True,
    help="Processes that run so many each; one that ends is replaced.",
)
@click.option(
    "--queues",
    cls=Setting,
    envvar="TASKMQ_QUEUES",
    type=names,
    metavar="NAME[,NAME]",
    help="Run jobs of these queues.  [default: default]",
)
@click.option(
    "--max-jobs",
    cls=Setting,
    envvar="TASKMQ_MAX_JOBS",
    type=Whole(1, 10**9),
    metavar="N",
    help="Stop after N jobs; a process of several is replaced.",
)
@click.option("--until-idle", is_flag=True, help="Stop when no job is due and none is running.")
@click.option(
    "--lease",
    cls=Setting,
    envvar="TASKMQ_LEASE",
    type=duration,
    help="Silence after which others take over a job.  [default: 30s]",
)
@click.option(
    "--grace",
    cls=Setting,
    envvar="TASKMQ_GRACE",
    type=duration,
    help="How long running jobs may go on when it is stopped.  [default: 30s]",
)
@click.option(
    "--result-ttl",
    cls=Setting,
    envvar="TASKMQ_RESULT_TTL",
    type=duration,
    help="Remove jobs that succeeded so long ago.  [default: keep them]",
)
@click.option(
    "--failure-ttl",
    cls=Setting,
    envvar="TASKMQ_FAILURE_TTL",
    type=duration,
    help="Remove dead and cancelled jobs likewise.  [default: keep them]",
)
@click.option(
    "--health-port",
    cls=Setting,
    envvar="TASKMQ_HEALTH_PORT",
    type=Whole(0, MAX_PORT),
    metavar="N",
    help="Serve /healthz, /readyz, /livez and /metrics there; 0 is any free port.",
)
@click.option(
    "--health-host",
    cls=Setting,
    envvar="TASKMQ_HEALTH_HOST",
    default="127.0.0.1",
    show_default=True,
    help="At this address; 0.0.0.0 is every one.",
)
@click.option("--reload", is_flag=True, help="For development: start anew when code below this folder changes.")
@click.option("--parent-fd", type=Whole(3, 2**20), hidden=True)
@import_option
def run_worker(processes: int, reload: bool, parent_fd: int | None, **asked: Any) -> ExitCode:
    """Run jobs.

    SIGINT or SIGTERM lets running jobs finish; a second one aborts them.
    """
    plan = Plan(**asked)
    if parent_fd is None and (processes > 1 or reload):
        return _run_processes(plan, processes, reload=reload)
    with rare_collections():
        return _run_here(plan) if parent_fd is None else _run_for_parent(plan, parent_fd)


def _run_here(plan: Plan) -> ExitCode:
    pool = plan.worker()
    close_at_end(pool.backend)
    _announce(plan, f"{plan.max_workers} worker(s)", pool.health if plan.health_port is not None else None)
    try:
        tally = pool.start(until_idle=True) if plan.until_idle else pool.start()
    except KeyboardInterrupt:  # it came before the worker took signals over, or after
        click.echo("Stopping worker...")
        pool.stop()
        return ExitCode.OK
    click.echo(_summary(tally), err=True)
    return ExitCode.OK


def _run_for_parent(plan: Plan, parent_fd: int) -> ExitCode:
    from taskmq.processes import child_of

    with ExitStack() as stack:
        try:
            parent = stack.enter_context(socket.socket(fileno=parent_fd))
        except OSError as error:
            raise bad_input(f"--parent-fd {parent_fd} is no socket of a parent: {error.strerror}") from None
        told = stack.enter_context(child_of(parent))
        pool = plan.worker()
        close_at_end(pool.backend)
        if plan.health_port is not None and pool.health is not None:
            click.echo(f"  health: {pool.health.url}", err=True)
        told(pool.start(until_idle=plan.until_idle))
    return ExitCode.OK


def _run_processes(plan: Plan, count: int, *, reload: bool) -> ExitCode:
    from taskmq.cli.reloading import changes
    from taskmq.processes import Processes

    def wants_another(done: Tally) -> bool:
        return plan.max_jobs is not None and done.claimed >= plan.max_jobs

    if plan.health_port and count > 1:
        raise bad_input(
            f"{count} processes cannot share the port {plan.health_port} for health",
            hint="let each choose one: --health-port 0",
        )
    backend = front.get_backend()  # what is wrong with the queue is told once, and its tables are made once
    backend.get_queue_depth()
    close = getattr(backend, "close", None)
    if close is not None:
        close()
    following = changes() if reload else None
    _announce(plan, f"{count} process{'es' if count > 1 else ''} of {plan.max_workers} worker(s)")
    command = [sys.executable, "-P", "-m", "taskmq", "run-worker", *plan.words()]
    grace = GRACE if plan.grace is None else plan.grace
    if hooks.shutdown:
        grace *= 2  # they have as long again when the last job is done
    processes = Processes(
        command,
        count,
        grace=grace.total_seconds(),
        wants_another=wants_another,
        tell=lambda line: click.echo(line, err=True),
        changes=following,
    )
    work = asyncio.run(processes.run())
    replaced = f" Replaced {work.replaced}." if work.replaced else ""
    click.echo(f"{_summary(work.tally)}{replaced}", err=True)
    return ExitCode(work.code)


def _announce(plan: Plan, workers: str, health: HealthPort | None = None) -> None:
    settings = Settings.from_env(os.environ)
    click.echo(f"Starting worker pool with {workers} using {settings.backend} backend... Press Ctrl+C to stop.")
    queues = ", ".join(map(visible, plan.queues or QUEUES))
    answers = "" if health is None else f"   health: {visible(health.url)}"
    click.echo(f"  handlers: {_handlers()}   queues: {queues}   {place(settings)}{answers}", err=True)


def _handlers() -> str:
    return ", ".join(sorted(visible(name) for name in HANDLERS))


def _summary(tally: Tally) -> str:
    failed = tally.failed + tally.retried
    processed = tally.succeeded + failed + tally.cancelled
    return f"Stopped. Processed {processed} ({tally.succeeded} ok, {failed} failed), requeued {tally.released}."
