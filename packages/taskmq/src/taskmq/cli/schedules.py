"""Commands about schedules: schedules list, add, remove, pause, resume, run, next, history."""

import json
from datetime import UTC, datetime
from typing import Any, get_args

import click
from taskcore.schedule import Overlap
from taskcore.schedule.misfire import MisfirePolicy

from taskmq.cli.completing import SCHEDULE, Whole
from taskmq.cli.documents import job_document
from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.cli.params import MOST, duration, instant
from taskmq.cli.payloads import payload_of
from taskmq.cli.session import backend
from taskmq.cli.terms import repeated_job_options
from taskmq.cli.text import ago, even, milliseconds, timestamp, visible
from taskmq.options import JobOptions
from taskmq.schedules import Fired, JobSchedule, ScheduleInfo, Schedules

COLUMNS = (
    Column("id", "ID"),
    Column("state", "State", lambda document: "⏸ paused" if document["paused"] else "▶ active"),
    Column("when", "When"),
    Column("handler", "Handler"),
    Column("queue", "Queue"),
    Column("next_at", "Next", lambda document: _from_now(document["next_at"])),
)
HISTORY_COLUMNS = (
    Column("instant", "Instant"),
    Column("count", "Instants"),
    Column("job_id", "Job"),
    Column("state", "State"),
    Column("skipped", "Skipped"),
)


@click.group("schedules")
def schedules() -> None:
    """Store jobs at the instants of a schedule."""


@schedules.command("list")
@output_options
def list_schedules(output: Output) -> None:
    """List schedules, by id."""
    output.many([schedule_document(each) for each in Schedules(backend()).list()], COLUMNS)


@schedules.command("add")
@click.argument("schedule", metavar="ID")
@click.option("--cron", metavar="EXPR", help="Five fields such as '0 3 * * *', or a macro such as @daily.")
@click.option("--zone", default="UTC", metavar="ZONE", show_default=True, help="Time zone of --cron.")
@click.option("--every", type=duration, metavar="5m", help="So far apart.")
@click.option("--start", type=instant, metavar="ISO|+10m", help="First instant of --every.  [default: now]")
@click.option("--payload", metavar="JSON|@FILE", help="JSON, or a file of JSON.")
@repeated_job_options
@click.option("--misfire", type=click.Choice(get_args(MisfirePolicy)), default="coalesce", show_default=True)
@click.option("--misfire-grace", "grace", type=duration, default="1m", show_default=True, help="Late, but not missed.")
@click.option("--overlap", type=click.Choice([each.value for each in Overlap]), default="allow", show_default=True)
@click.option("--paused", is_flag=True, help="Hold it until it is resumed.")
@click.option("--replace", is_flag=True, help="Replace the schedule that has this id, if there is one.")
@output_options
def add_schedule(
    schedule: str, payload: str | None, terms: JobOptions, paused: bool, replace: bool, output: Output, **when: Any
) -> None:
    """Add a schedule, which any running worker follows."""
    if (when["cron"] is None) == (when["every"] is None):
        came = "neither" if when["cron"] is None else "both"
        raise click.UsageError(f"give either --cron, such as '0 3 * * *', or --every, such as 5m; got {came}")
    value = {} if payload is None else payload_of(payload)
    text = json.dumps(value, ensure_ascii=False)  # what is text cannot be taken for the value that it spells
    order = JobSchedule(id=schedule, payload=text, options=terms, paused=paused or None, **when)
    found = Schedules(backend())
    added = found.save(order) if replace else found.add(order)
    at = "" if added.next_at is None else f" Next: {timestamp(added.next_at)}."
    _tell(added, f"Schedule {visible(added.id)} {'saved' if replace else 'added'}.{at}", output)


@schedules.command("remove")
@click.argument("schedule", type=SCHEDULE, metavar="ID")
def remove_schedule(schedule: str) -> None:
    """Remove a schedule and its history; its jobs stay."""
    Schedules(backend()).remove(schedule)
    click.echo(f"Schedule {visible(schedule)} removed.")


@schedules.command("pause")
@click.argument("schedule", type=SCHEDULE, metavar="ID")
@output_options
def pause_schedule(schedule: str, output: Output) -> None:
    """Hold a schedule; what comes by meanwhile is not caught up."""
    _tell(Schedules(backend()).pause(schedule), f"Schedule {visible(schedule)} paused.", output)


@schedules.command("resume")
@click.argument("schedule", type=SCHEDULE, metavar="ID")
@output_options
def resume_schedule(schedule: str, output: Output) -> None:
    """Let a schedule go on, from now."""
    resumed = Schedules(backend()).resume(schedule)
    _tell(resumed, f"Schedule {visible(schedule)} resumed. Next: {timestamp(resumed.next_at)}.", output)


@schedules.command("run")
@click.argument("schedule", type=SCHEDULE, metavar="ID")
@output_options
def run_schedule(schedule: str, output: Output) -> None:
    """Store its job once more, due now."""
    job_id = Schedules(backend()).run_now(schedule)
    if output.chosen:
        output.many([{"id": job_id, "schedule": schedule}], (Column("id", "ID"), Column("schedule", "Schedule")))
    else:
        click.echo(f"Inserted job with ID: {job_id}, schedule: {visible(schedule)}")


@schedules.command("next")
@click.argument("schedule", type=SCHEDULE, metavar="ID")
@click.option("--count", type=Whole(1, 1000), metavar="N", default=5, show_default=True, help="So many instants.")
@output_options
def next_instants(schedule: str, count: int, output: Output) -> None:
    """Print the next instants, also those of a paused schedule."""
    instants = [{"instant": timestamp(at)} for at in Schedules(backend()).upcoming(schedule, count)]
    output.many(instants, (Column("instant", "Instant"),))


@schedules.command("history")
@click.argument("schedule", type=SCHEDULE, metavar="ID")
@click.option("--limit", type=Whole(1, MOST), metavar="N", default=50, show_default=True, help="At most N instants.")
@output_options
def show_history(schedule: str, limit: int, output: Output) -> None:
    """Print what became of its due instants, newest first."""
    fired = Schedules(backend()).history(schedule, limit)
    output.many([_fired_document(each) for each in fired], HISTORY_COLUMNS)


def schedule_document(schedule: ScheduleInfo) -> Document:
    """Everything about a schedule."""
    order, options = schedule.order, schedule.order.options
    return {
        "id": order.id,
        "state": "paused" if schedule.paused else "active",
        "paused": schedule.paused,
        "when": _when(order),
        "cron": order.cron,
        "zone": order.zone if order.cron else None,
        "every_ms": None if order.every is None else milliseconds(order.every),
        "start": timestamp(order.start),
        "handler": options.handler,
        "queue": options.queue,
        "priority": options.priority,
        "payload": order.payload,
        "misfire": order.misfire,
        "overlap": order.overlap,
        "next_at": timestamp(schedule.next_at),
    }


def _when(order: JobSchedule) -> str:
    if order.every is not None:
        return f"every {even(int(order.every.total_seconds()))}"
    return f"{order.cron} {order.zone}"


def _fired_document(fired: Fired) -> Document:
    return {
        "instant": timestamp(fired.instant),
        "last": timestamp(fired.last),
        "count": fired.count,
        "job_id": fired.job_id,
        "state": None if fired.job is None else fired.job.state,
        "skipped": fired.skipped,
        "job": None if fired.job is None else job_document(fired.job),
    }


def _tell(schedule: ScheduleInfo, line: str, output: Output) -> None:
    if output.chosen:
        output.one(schedule_document(schedule), COLUMNS)
    else:
        click.echo(line)


def _from_now(at: str | None) -> str:
    return "" if at is None else ago(datetime.fromisoformat(at), datetime.now(UTC))
