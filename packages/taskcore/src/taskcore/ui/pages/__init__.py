"""The pages, one module for each subject; a module lists what it has in ``PAGES``."""

from collections.abc import Iterator

from taskcore.ui.page import Page
from taskcore.ui.pages import (
    account,
    actions,
    audit,
    dead,
    gallery,
    keys,
    login,
    overview,
    pipelines,
    queues,
    schedule_form,
    schedules,
    settings,
    stream,
    task,
    tasks,
    users,
    webhooks,
    workers,
)

MODULES = (
    overview,
    tasks,
    task,
    dead,
    schedule_form,
    schedules,
    pipelines,
    queues,
    workers,
    webhooks,
    stream,
    actions,
    login,
    account,
    users,
    keys,
    audit,
    settings,
    gallery,
)


def every() -> Iterator[Page]:
    """All pages; which of them a dashboard has depends on its source."""
    for module in MODULES:
        yield from module.PAGES
