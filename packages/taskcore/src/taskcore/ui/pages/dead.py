"""Failed tasks in groups of like errors, to be looked at, replayed or thrown away together."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from taskcore.redaction import Redactor
from taskcore.states import Phase
from taskcore.ui.models import Action, FailureGroup
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.pages.tasks import matching
from taskcore.ui.query import Problem, read
from taskcore.ui.site import Part

MOST_GROUPS = 100
AGES = ("1h", "24h", "7d", "30d")


async def dead(visit: Visit) -> Show:
    """The groups; ``group`` opens one of them."""
    assert visit.source.tasks is not None  # noqa: S101 - or the page would not exist
    asked = read(visit.query.multi_items(), visit.now, await visit.visible())
    wanted = replace(asked.filter, phases=frozenset({Phase.FAILED}))
    problems: Sequence[Problem] = asked.problems
    groups = [] if problems else await visit.source.tasks.failures(wanted, MOST_GROUPS)
    chosen = visit.query.get("group", "")
    return Show(
        template="dead.html",
        title="Dead letters",
        status=422 if problems else 200,
        model={"groups": groups, "problems": problems},
        also={
            "asked": asked,
            "ages": AGES,
            "chosen": chosen,
            "opened": [group for group in groups if group.fingerprint == chosen],
            "may_replay": visit.can_anywhere(Action.RETRY),
            "everything": matching(wanted),
            "total": sum(group.count for group in groups),
            "link_of": lambda group: visit.url("tasks", **listing(group, visit.site.redactor)),
            "replay_of": lambda group: _replay(visit, group),
        },
    )


def _replay(visit: Visit, group: FailureGroup) -> str:
    """Where one is asked whether to run a group again: its tasks where all are known, else all that read like them."""
    if group.count <= len(group.tasks):
        return visit.url("act", action="retry", target=group.tasks, next=visit.here())
    return visit.url(
        "act",
        action="retry",
        matching=urlencode(listing(group, visit.site.redactor), errors="replace"),
        next=visit.here(),
    )


def listing(group: FailureGroup, redactor: Redactor) -> dict[str, str]:
    """Where the tasks of a group are listed: by their error's type and the first words of its message, up to what may
    differ or was masked."""
    words = redactor.text(group.message).split("\n")[0]
    for letter in "0123456789'\"•*":
        words = words.split(letter)[0]
    text = words.strip() if len(words.strip()) > 3 else group.error_type
    error = "".join(letter if letter not in '"\\' else " " for letter in text)[:60]
    return {"state": "failed", "task": group.name, "q": f'error:"{error}"' if error else ""}


PAGES = (Page(name="dead", path="/dead", view=dead, part=Part.TASKS),)
