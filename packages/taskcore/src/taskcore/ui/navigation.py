"""The entries of the navigation: which pages a visitor finds there, and the numbers beside them."""

from collections.abc import Container
from dataclasses import dataclass

from taskcore.auth.permissions import Verb
from taskcore.ui.models import Counts
from taskcore.ui.page import Visit


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the navigation. ``letter`` goes there after ``g``; ``counts`` are the phases whose number it shows."""

    page: str
    title: str
    letter: str
    needs: Verb | None = Verb.VIEW
    counts: tuple[str, ...] = ()
    group: str = "work"


ENTRIES = (
    Entry("overview", "Overview", "o"),
    Entry("tasks", "Tasks", "t"),
    Entry("schedules", "Schedules", "s"),
    Entry("pipelines", "Pipelines", "p"),
    Entry("queues", "Queues", "q"),
    Entry("workers", "Workers", "w"),
    Entry("dead", "Dead letters", "d", counts=("failed",)),
    Entry("registry", "Registry", "r"),
    Entry("webhooks", "Webhooks", "h"),
    Entry("users", "Users", "u", needs=Verb.ADMIN, group="house"),
    Entry("keys", "API keys", "k", needs=None, group="house"),
    Entry("audit", "Audit log", "a", needs=Verb.ADMIN, group="house"),
    Entry("settings", "Settings", "e", needs=None, group="house"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as one visitor sees it."""

    entry: Entry
    address: str
    current: bool
    count: int | None = None


def navigation(visit: Visit, pages: Container[str], counts: Counts | None) -> list[Item]:
    """What the visitor may open. Numbers are of the queues that they may see."""
    if visit.principal is None:
        return []
    shown = [entry for entry in ENTRIES if entry.page in pages and _may(visit, entry)]
    return [Item(entry, visit.url(entry.page), _here(visit, entry), _count(visit, entry, counts)) for entry in shown]


def _may(visit: Visit, entry: Entry) -> bool:
    return entry.needs is None or (visit.principal is not None and visit.principal.may_anywhere(entry.needs))


def _here(visit: Visit, entry: Entry) -> bool:
    """Whether the page is this entry's or one below it, as ``/tasks/1`` is below ``/tasks``."""
    path, mine = visit.page.path, visit.url.paths[entry.page]
    return path == mine or (mine != "/" and path.startswith(mine + "/"))


def _count(visit: Visit, entry: Entry, counts: Counts | None) -> int | None:
    if counts is None or not entry.counts:
        return None
    mine = visit.among(counts.by_queue)
    return sum(counts.by_queue[queue].get(phase, 0) for queue in mine for phase in entry.counts)
