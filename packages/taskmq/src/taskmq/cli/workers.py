"""Commands about workers: workers list."""

import click

from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.cli.session import backend
from taskmq.cli.text import milliseconds, rough, timestamp
from taskmq.workers import WorkerSeen, workers_of

ICONS = {"online": "●", "draining": "◐", "stopped": "○", "silent": "✕"}

COLUMNS = (
    Column("id", "ID"),
    Column("state", "State", lambda document: f"{ICONS[document['state']]} {document['state']}"),
    Column("queues", "Queues", lambda document: ", ".join(document["queues"])),
    Column("running", "Running", lambda document: f"{document['running']}/{document['slots']}"),
    Column("slots", only_piped=True),
    Column("processed", "Processed"),
    Column("failed", "Failed"),
    Column("memory_bytes", "Memory", lambda document: _megabytes(document["memory_bytes"])),
    Column("seen_ms", "Seen", lambda document: f"{rough(document['seen_ms'] / 1000)} ago"),
)


@click.group("workers")
def workers() -> None:
    """List workers."""


@workers.command("list")
@output_options
def list_workers(output: Output) -> None:
    """List the workers of this queue, by id.

    One that stopped is not listed; one that vanished is silent for an hour.
    """
    output.many([worker_document(worker) for worker in workers_of(backend())], COLUMNS)


def worker_document(worker: WorkerSeen) -> Document:
    """Everything about a worker."""
    info = worker.info
    return {
        "id": info.id,
        "state": worker.state,
        "host": info.host,
        "pid": info.pid,
        "version": info.version,
        "queues": list(info.queues),
        "running": info.running,
        "slots": info.slots,
        "processed": info.processed,
        "failed": info.failed,
        "memory_bytes": info.memory,
        "handlers": list(info.handlers),
        "started_at": timestamp(info.started_at),
        "seen_ms": milliseconds(worker.silence),
    }


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 2**20:.0f} MB"
