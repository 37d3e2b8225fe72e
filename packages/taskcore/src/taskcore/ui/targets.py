"""What an action is about: found in the source, and asked of the visitor's permissions one by one."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from taskcore.auth.permissions import Kind, Verb
from taskcore.states import Phase
from taskcore.ui.models.schedules import ScheduleRow
from taskcore.ui.page import Visit

AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that is there. The visitor needs the permission on each of ``names``, resources of ``kind``."""

    id: str
    title: str
    kind: Kind = Kind.QUEUE
    names: tuple[str, ...]
    phase: Phase | None = None

    def allowed(self, visit: Visit, verb: Verb) -> bool:
        return all(visit.may(verb, name, self.kind) for name in self.names)


async def find(visit: Visit, noun: str, ids: Iterable[str]) -> tuple[list[Target], list[str]]:
    """(those that are there and that the visitor may see, the other ids)."""
    wanted = list(dict.fromkeys(ids))
    found: list[Target | None] = []
    for start in range(0, len(wanted), AT_ONCE):
        found += await gather(*(_FINDERS[noun](visit, each) for each in wanted[start : start + AT_ONCE]))
    seen = [target if target and target.allowed(visit, Verb.VIEW) else None for target in found]
    return [each for each in seen if each], [name for name, each in zip(wanted, seen, strict=True) if each is None]


async def _task(visit: Visit, task: str) -> Target | None:
    detail = await visit.source.tasks.get(task) if visit.source.tasks else None
    if detail is None:
        return None
    row = detail.row
    return Target(id=row.id, title=row.name, names=(row.queue,), phase=row.phase)


async def _queue(visit: Visit, queue: str) -> Target | None:
    known = await visit.source.queues.list() if visit.source.queues else ()
    return Target(id=queue, title=queue, names=(queue,)) if any(row.name == queue for row in known) else None


async def _schedule(visit: Visit, schedule: str) -> Target | None:
    detail = await visit.source.schedules.get(schedule) if visit.source.schedules else None
    if detail is None:
        return None
    kind, name = resource_of(detail.row)
    return Target(id=detail.row.id, title=detail.row.name, kind=kind, names=(name,))


def resource_of(row: ScheduleRow) -> tuple[Kind, str]:
    """What one needs permission for: the schedule's task group, and where there are none, its queue."""
    return (Kind.GROUP, row.group) if row.group else (Kind.QUEUE, row.queue)


def may(visit: Visit, verb: Verb, row: ScheduleRow) -> bool:
    """Whether the visitor may do ``verb`` to a schedule."""
    kind, name = resource_of(row)
    return visit.may(verb, name, kind)


async def _run(visit: Visit, run: str) -> Target | None:
    detail = await visit.source.pipelines.run(run) if visit.source.pipelines else None
    if detail is None:
        return None
    return Target(id=detail.row.id, title=detail.row.pipeline, kind=Kind.PIPELINE, names=(detail.row.pipeline,))


async def _worker(visit: Visit, worker: str) -> Target | None:
    known = await visit.source.workers.list() if visit.source.workers else ()
    row = next((row for row in known if row.id == worker), None)
    return Target(id=row.id, title=row.id, names=row.queues or ("",)) if row else None


async def _webhook(visit: Visit, delivery: str) -> Target | None:
    detail = await visit.source.webhooks.delivery(delivery) if visit.source.webhooks else None
    if detail is None:
        return None
    return Target(id=detail.row.id, title=f"to {detail.row.endpoint}", names=(detail.row.queue,))


async def _endpoint(visit: Visit, url: str) -> Target | None:
    known = await visit.source.webhooks.endpoints() if visit.source.webhooks else ()
    return Target(id=url, title=url, names=("",)) if any(row.url == url for row in known) else None


async def _secret(visit: Visit, secret: str) -> Target | None:
    known = await visit.source.webhooks.secrets() if visit.source.webhooks else ()
    row = next((row for row in known if row.id == secret and secret), None)
    return Target(id=row.id, title=row.fingerprint, names=("",)) if row else None


Finder = Callable[[Visit, str], Awaitable[Target | None]]
_FINDERS: Mapping[str, Finder] = {
    "task": _task,
    "queue": _queue,
    "schedule": _schedule,
    "run": _run,
    "worker": _worker,
    "webhook": _webhook,
    "endpoint": _endpoint,
    "secret": _secret,
}


def by_phase(targets: Sequence[Target]) -> dict[Phase, int]:
    """How many of them are in which phase."""
    counts: dict[Phase, int] = {}
    for target in targets:
        if target.phase is not None:
            counts[target.phase] = counts.get(target.phase, 0) + 1
    return counts
