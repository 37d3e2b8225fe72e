"""task cancel, requeue, delete: of one task, or of every one that meets conditions."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lapinq import bulk
from lapinq.cli.asking import agreed
from lapinq.cli.failures import ExitCode, Told, bad_input
from lapinq.cli.noting import Changing, changing
from lapinq.cli.output import done
from lapinq.cli.session import id_of
from lapinq.cli.tasks import filter_of
from lapinq.cli.text import counted, visible
from lapinq.errors import NotFailed, NotPending
from lapinq.service import Service
from lapinq.tables import Filter
from lapinq.vocabulary import STATUSES


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to tasks.

    Attributes:
        verb, done: as in "cancel" and "cancelled".
        action: what the API's route calls it in the audit log.
        kind: the status that a task must have for it.
        statuses: those that conditions may ask for; without any it is the first. All of them are one filter.
        one: does it to a task.
        many: does it to those that meet a filter, and answers how many.
    """

    verb: str
    done: str
    action: str
    kind: str
    statuses: Sequence[str]
    one: Callable[[Service, UUID], Awaitable[None]]
    many: Callable[[Service, Filter], Awaitable[int]]

    def filter_of(self, args: argparse.Namespace) -> Filter:
        """The conditions, for statuses that this can be done to.

        Raises:
            Failure: there are none. InvalidInput: another status.
        """
        wanted = filter_of(args)
        if wanted.is_empty and not args.all:
            hint = f"list them with: lapinq task list; every one of them is: lapinq task {self.verb} --all"
            raise bad_input(f"name a task, or conditions for the tasks to {self.verb}", hint=hint)
        return wanted if self.statuses == STATUSES else bulk.of_status(wanted, self.statuses)


def cancel(args: argparse.Namespace) -> int:
    return asyncio.run(_change(args, CANCEL))


def requeue(args: argparse.Namespace) -> int:
    return asyncio.run(_change(args, REQUEUE))


def delete(args: argparse.Namespace) -> int:
    return asyncio.run(_change(args, DELETE))


async def _change(args: argparse.Namespace, deed: Deed) -> int:
    if args.task_id is None:
        wanted = deed.filter_of(args)
        async with changing(args) as there:
            return await _change_found(args, there, deed, wanted)
    if args.all or not filter_of(args).is_empty:
        raise bad_input(f"name a task, or conditions, not both: {args.task_id} is a task")
    async with changing(args) as there:
        return await _change_named(args, there, deed)


async def _change_named(args: argparse.Namespace, there: Changing, deed: Deed) -> int:
    task = await id_of(there.service, args.task_id)
    document = {"id": str(task)}
    if args.dry_run:
        done(
            {f"would_{deed.verb}": [document]},
            f"Would {deed.verb} task {task}. Nothing changed.",
            as_document=args.json,
        )
        return ExitCode.OK
    if deed is DELETE and not agreed(args, f"delete task {task}"):
        return ExitCode.REFUSED
    try:
        await deed.one(there.service, task)
    except (NotPending, NotFailed) as error:
        raise Told(f"Task {task} not found or not {deed.kind}.", code=error.code) from None
    await there.note(f"task.{deed.action}", f"task:{task}")
    done({deed.done: [document]}, f"{deed.done.capitalize()} task {task}", as_document=args.json)
    return ExitCode.OK


async def _change_found(args: argparse.Namespace, there: Changing, deed: Deed, wanted: Filter) -> int:
    queues = await there.service.survey(wanted)
    number = sum(queues.values())
    tasks = counted(number, f"{wanted.status} task" if wanted.status else "task")
    if args.dry_run or not number:
        told = f"Would {deed.verb} {tasks}{_each(queues)}. Nothing changed." if number else "No tasks found."
        done({f"would_{deed.verb}": number, "queues": queues}, told, as_document=args.json)
        return ExitCode.OK
    if not agreed(args, f"{deed.verb} {tasks}{_each(queues)}"):
        return ExitCode.REFUSED
    changed = await deed.many(there.service, wanted)
    await there.note(f"tasks.{deed.action}", f"tasks:{bulk.words(wanted)}", f"{changed} {deed.done}")
    done({deed.done: changed}, f"{deed.done.capitalize()} {counted(changed, 'task')}.", as_document=args.json)
    return ExitCode.OK


def _each(queues: Mapping[str, int]) -> str:
    """``: email 5, video 12``."""
    return ": " + ", ".join(f"{visible(queue)} {number}" for queue, number in queues.items()) if queues else ""


async def _delete_one(service: Service, task: UUID) -> None:
    if not await service.delete(Filter(id=str(task))):
        raise Told(f"Task {task} not found.", code="not_found")


async def _delete_many(service: Service, wanted: Filter) -> int:
    return await service.delete(wanted, everything=True)


CANCEL = Deed("cancel", "cancelled", "cancel", "pending", bulk.CANCELLED, Service.cancel, bulk.cancel)
REQUEUE = Deed("requeue", "requeued", "retry", "failed", bulk.REQUEUED, Service.requeue, bulk.requeue)
DELETE = Deed("delete", "deleted", "delete", "there", STATUSES, _delete_one, _delete_many)
