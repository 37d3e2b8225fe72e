"""webhooks: what was told to whom, again if need be, and who does not take it."""

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lapinq.cli.asking import agreed
from lapinq.cli.failures import ExitCode, Failure, bad_input
from lapinq.cli.noting import Changing, changing
from lapinq.cli.output import Column, Document, done, many, one
from lapinq.cli.session import digits_of, id_of, opened, settings_of
from lapinq.cli.text import ago, counted, visible
from lapinq.service import Service
from lapinq.webhooks.entries import DeliveryFilter
from lapinq.webhooks.message import MESSAGE
from lapinq.webhooks.outbox import endpoint_of

STATES = {"pending": "○ pending", "running": "● running", "delivered": "✓ delivered", "failed": "✕ failed"}
CIRCUITS = {"open": "✕ open", "closed": "✓ closed"}


def _age(name: str, document: Document) -> str:
    at = document[name]
    return "" if at is None else ago(datetime.fromisoformat(at), datetime.now(UTC))


COLUMNS = (
    Column("id", "ID", lambda row: f"…{row['id'][-8:]}"),
    Column("status", "State", lambda row: STATES[row["status"]]),
    Column("event", "Event", only_piped=True),
    Column("task_id", "Task", only_piped=True),
    Column("queue", "Queue"),
    Column("attempts", "Tries"),
    Column("status_code", "Answer"),
    Column("created_at", "Created", lambda row: _age("created_at", row)),
    Column("next_attempt_at", "Next", only_piped=True),
    Column("error", "Error", only_piped=True),
    Column("endpoint", "Endpoint", shrink=True),
)
ENDPOINTS = (
    Column("circuit", "Circuit", lambda row: CIRCUITS[row["circuit"]]),
    Column("delivered", "Delivered"),
    Column("waiting", "Waiting"),
    Column("failed", "Failed"),
    Column("failures", "In a row"),
    Column("last_at", "Last", lambda row: _age("last_at", row)),
    Column("next_at", "Next", lambda row: _age("next_at", row)),
    Column("url", "URL"),
)


def list_deliveries(args: argparse.Namespace) -> int:
    async def found() -> Sequence[Document]:
        async with opened(settings_of(args)) as service:
            wanted = replace(await _filter(service, args), status=args.status)
            page = await service.deliveries.log.page(wanted, limit=args.limit)
            return [entry.document() for entry in page.items]

    many(asyncio.run(found()), COLUMNS, as_document=args.json, nothing="No webhooks found.")
    return ExitCode.OK


def show(args: argparse.Namespace) -> int:
    async def found() -> Document:
        async with opened(settings_of(args)) as service:
            known = await service.deliveries.get(await _delivery(service, args.delivery))
            if known is None:
                raise Failure("the delivery was removed a moment ago", code="not_found")
            entry, delivery = known
            return {
                **entry.document(),
                "body": delivery.body,
                "tries": [each.document() for each in delivery.tries],
            }

    document = asyncio.run(found())
    one(document, _lines(document), as_document=args.json)
    return ExitCode.OK


def replay(args: argparse.Namespace) -> int:
    named = [name for name in ("queue", "endpoint", "task") if getattr(args, name)]
    if args.delivery is None and not named and not args.all:
        hint = "every one that was given up is: lapinq webhooks replay --all"
        raise bad_input("name a delivery, or conditions for those to deliver again", hint=hint)
    if args.delivery is not None and (named or args.all):
        raise bad_input(f"name a delivery, or conditions, not both: {args.delivery} is a delivery")

    async def made() -> int:
        async with changing(args) as there:
            return await (_replay_found if args.delivery is None else _replay_one)(args, there)

    return asyncio.run(made())


async def _replay_one(args: argparse.Namespace, there: Changing) -> int:
    delivery = await _delivery(there.service, args.delivery)
    if args.dry_run:
        told = f"Would deliver webhook {delivery} again. Nothing changed."
        done({"would_replay": [{"id": delivery}]}, told, as_document=args.json)
        return ExitCode.OK
    if not await there.service.deliveries.again(delivery):
        raise Failure(f"webhook {delivery} is under way already", code="under_way")
    await there.note("webhook.replay", f"webhook:{delivery}")
    done({"replayed": [{"id": delivery}]}, f"Webhook {delivery} is delivered again.", as_document=args.json)
    return ExitCode.OK


async def _replay_found(args: argparse.Namespace, there: Changing) -> int:
    deliveries = there.service.deliveries
    wanted = await _filter(there.service, args)
    number = await deliveries.log.count(replace(wanted, status="failed"))
    told = f"{counted(number, 'webhook')} that {'was' if number == 1 else 'were'} given up"
    if args.dry_run or not number:
        line = f"Would deliver {told} again. Nothing changed." if number else "No webhooks found."
        done({"would_replay": number}, line, as_document=args.json)
        return ExitCode.OK
    if not agreed(args, f"deliver {told} again"):
        return ExitCode.REFUSED
    made = await deliveries.again_all(wanted)
    said = {"endpoint": endpoint_of(args.endpoint or ""), "task": args.task, "queue": args.queue}
    names = " ".join(f"{name}={value}" for name, value in said.items() if value)
    await there.note("webhooks.replay", f"webhooks:{names or 'all'}", f"{made} requeued")
    are = f"{counted(made, 'webhook')} {'is' if made == 1 else 'are'}"
    done({"replayed": made}, f"{are} delivered again.", as_document=args.json)
    return ExitCode.OK


def list_endpoints(args: argparse.Namespace) -> int:
    async def found() -> Sequence[Document]:
        async with opened(settings_of(args)) as service:
            return [receiver.document() for receiver in await service.deliveries.log.receivers()]

    many(asyncio.run(found()), ENDPOINTS, as_document=args.json, nothing="No webhooks were delivered of late.")
    return ExitCode.OK


def close(args: argparse.Namespace) -> int:
    url = endpoint_of(args.url)

    async def closed() -> None:
        async with changing(args) as there:
            is_known = not DeliveryFilter(endpoint=url).is_hopeless
            if not is_known or not await there.service.deliveries.endpoints.forgive(url):
                hint = "see what is there with: lapinq webhooks endpoints"
                raise Failure(f'no endpoint "{url}" has failed of late', hint=hint, code="not_found")
            await there.note("webhook.close", f"endpoint:{url}", "closed")

    asyncio.run(closed())
    done({"closed": url}, f"Endpoint {visible(url)} is believed in again.", as_document=args.json)
    return ExitCode.OK


async def _filter(service: Service, args: argparse.Namespace) -> DeliveryFilter:
    task = None
    if args.task:
        id_ = await id_of(service, args.task)
        task = (await service.tables.task_ids([id_]))[id_]
    queues = frozenset({args.queue}) if args.queue else None
    return DeliveryFilter(endpoint=args.endpoint or None, task=task, queues=queues)


async def _delivery(service: Service, text: str) -> str:
    """The id that the user means: written out, or by some of its hex digits.

    Raises:
        Failure: it is no id; or no delivery, or more than one, has one with these digits.
    """
    digits = digits_of(text.removeprefix(MESSAGE), "delivery")
    found = await service.deliveries.log.ids_with(digits)
    if not found:
        hint = "list them with: lapinq webhooks list"
        raise Failure(f'no delivery id contains "{text}"', hint=hint, code="not_found")
    if len(found) > 1:
        raise bad_input(f'more than one delivery id contains "{text}"', hint="write more of it: lapinq webhooks list")
    return found[0]


def _lines(document: Mapping[str, Any]) -> list[tuple[str, object]]:
    known = [
        ("ID", document["id"]),
        ("State", document["status"]),
        ("Event", document["event"]),
        ("Task", document["task_id"]),
        ("Queue", document["queue"]),
        ("Endpoint", document["endpoint"]),
        ("Created", document["created_at"]),
        ("Next", document["next_attempt_at"]),
        ("Ended", document["ended_at"]),
        ("Body", document["body"]),
    ]
    tries = [("Tried" if not place else "", _tried(each)) for place, each in enumerate(document["tries"])]
    return [(name, value) for name, value in [*known, *tries] if value is not None]


def _tried(each: Mapping[str, Any]) -> str:
    took = "" if each["seconds"] is None else f" in {each['seconds']:g} s"
    answer = each["error"] or (f"HTTP {each['status_code']}" if each["status_code"] else json.dumps(None))
    return f"{each['started_at']}  {answer}{took}"
