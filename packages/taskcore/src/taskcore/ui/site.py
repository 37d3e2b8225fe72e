"""What one mounted dashboard is made of: its source, its accounts and the words on its frame."""

from dataclasses import dataclass
from enum import StrEnum

from taskcore.auth.accounts import Accounts
from taskcore.clock import Clock
from taskcore.redaction import Redactor
from taskcore.ui.source import DashboardSource
from taskcore.ui.tally import Tally
from taskcore.ui.watch import Watch
from taskcore.web.access import Access


class Part(StrEnum):
    """What a page may need of the dashboard; most are the parts of a ``DashboardSource`` by name."""

    TASKS = "tasks"
    SCHEDULES = "schedules"
    EDITOR = "editor"
    PIPELINES = "pipelines"
    QUEUES = "queues"
    WORKERS = "workers"
    SERIES = "series"
    REGISTRY = "registry"
    WEBHOOKS = "webhooks"
    CHANGES = "changes"
    DOES = "does"
    ACCOUNTS = "accounts"
    GALLERY = "gallery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One dashboard.

    Attributes:
        environment: shown beside the title, as in "production", which gets a red border.
        redactor: gives a copy of a value that is safe to show.
        gallery: whether the page of all components is there, for those who build pages.
    """

    source: DashboardSource
    title: str
    environment: str = ""
    clock: Clock
    redactor: Redactor
    tally: Tally
    watch: Watch
    access: Access | None = None
    gallery: bool = False

    @property
    def accounts(self) -> Accounts | None:
        """Users, keys and the audit log; None where people log in elsewhere, or not at all."""
        accounts: Accounts | None = self.access.accounts if self.access else None
        return accounts

    def has(self, part: Part | None) -> bool:
        """Whether what a page needs is there."""
        match part:
            case None:
                return True
            case Part.GALLERY:
                return self.gallery
            case Part.ACCOUNTS:
                return self.accounts is not None
            case _:
                return getattr(self.source, part.value) is not None
