"""add-job: one job from the command line, or as many as stdin has lines."""

import difflib
import json
import time
from datetime import timedelta
from typing import Any

import click

from taskmq.cli.documents import JOB_COLUMNS, job_document
from taskmq.cli.failures import ExitCode, Failure
from taskmq.cli.output import Column, Output, output_options
from taskmq.cli.params import duration
from taskmq.cli.payloads import payload_of, payloads_of_stdin
from taskmq.cli.session import import_option, service
from taskmq.cli.terms import job_options
from taskmq.cli.text import counted, milliseconds, precise, visible
from taskmq.jobs.handlers import HANDLERS
from taskmq.options import JobOptions
from taskmq.service import Service
from taskmq.storage.base import Job, JobStatus

POLL = 0.1
"""Seconds between two looks at a job that somebody waits for."""


@click.command("add-job")
@click.option("--payload", metavar="JSON|@FILE|-", help="JSON, a file of JSON, or - for one job a line of stdin.")
@job_options
@click.option("--strict", is_flag=True, help="Refuse a handler that no imported module registers.")
@click.option("--wait", is_flag=True, help="Wait until the job is over; exit 1 if it failed.")
@click.option("--timeout", type=duration, default="30s", show_default=True, help="With --wait: exit 5 after this.")
@import_option
@output_options
def add_job(
    payload: str | None,
    strict: bool,
    wait: bool,
    timeout: timedelta,
    modules: tuple[str, ...],
    terms: JobOptions,
    output: Output,
) -> ExitCode:
    """Store a job.

    With --payload - one for each line of stdin, all or none.
    """
    if strict:
        _check_handler(terms.handler, modules)
    if wait and (payload == "-" or terms.interval_seconds):
        raise click.UsageError("--wait is for one job that ends; leave out --payload - and --interval-seconds")
    if payload == "-" and (terms.idempotency_key or terms.unique_key):
        raise click.UsageError("--idempotency-key and --unique-key are for one job; leave them out, or --payload -")
    if payload == "-":
        return _add_lines(output, terms)
    value = payload_of(payload)
    queue = service()
    job_id, created = queue.add(_text(value), terms)
    if not created:
        click.echo(f"Job {job_id} has this key already; nothing was stored.", err=True)
    if not output.chosen and created:
        click.echo(f"Inserted job with ID: {job_id}, {_about(terms)}, payload: {visible(repr(value))}")
    elif not output.chosen:
        click.echo(f"Job ID: {job_id}")
    return _finish(queue, job_id, output, timeout if wait else None)


def _text(value: Any) -> str:
    """As JSON, so that a payload that is text cannot be taken for the value that it spells."""
    return json.dumps(value, ensure_ascii=False)


def _check_handler(handler: str | None, modules: tuple[str, ...]) -> None:
    if handler is None:
        raise click.UsageError("--strict needs --handler")
    if handler not in HANDLERS:
        close = difflib.get_close_matches(handler, [str(name) for name in HANDLERS], n=1)
        guess = f'did you mean "{close[0]}"? ' if close else ""
        hint = f"{guess}List them with: taskmq handlers list --import {','.join(modules) or 'MODULE'}"
        message = f'no handler named "{handler}" is registered in this environment'
        raise Failure(message, hint=hint, code="handler_not_found")


def _about(terms: JobOptions) -> str:
    return f"handler: {visible(terms.handler)}, priority: {terms.priority}"


def _add_lines(output: Output, terms: JobOptions) -> ExitCode:
    ids = [each.job_id for each in service().add_many([(_text(value), terms) for value in payloads_of_stdin()])]
    if output.chosen:
        output.many([{"id": job_id} for job_id in ids], (Column("id", "ID"),))
    else:
        span = f", IDs: {ids[0]} to {ids[-1]}" if ids else ""
        click.echo(f"Inserted {counted(len(ids), 'job')}, {_about(terms)}{span}")
    return ExitCode.OK


def _finish(queue: Service, job_id: int, output: Output, timeout: timedelta | None) -> ExitCode:
    """Wait for the end if asked to, then tell what nobody has told yet."""
    job = None if timeout is None else _end_of(queue, job_id, timeout)
    if output.ids_only:
        click.echo(str(job_id))
    elif output.chosen:
        output.one(job_document(job or queue.get(job_id)), JOB_COLUMNS)
    elif job is not None:
        click.echo(f"Status: {job.status.value}")
        click.echo(f"Error: {visible(job.error_log)}" if _failed(job) else f"Result: {visible(job.result)}")
    return ExitCode.REFUSED if job is not None and _failed(job) else ExitCode.OK


def _end_of(queue: Service, job_id: int, timeout: timedelta) -> Job:
    until = time.monotonic() + timeout.total_seconds()
    while True:
        job = queue.get(job_id)
        if job.status in {JobStatus.SUCCESS, JobStatus.FAILED}:
            return job
        if time.monotonic() >= until:
            message = f"job {job_id} is still {job.state} after {precise(milliseconds(timeout))}"
            hint = f"it goes on without you; see: taskmq inspect {job_id}"
            raise Failure(message, hint=hint, code="timed_out", exit_code=ExitCode.TIMED_OUT)
        time.sleep(POLL)


def _failed(job: Job) -> bool:
    return job.status is JobStatus.FAILED
