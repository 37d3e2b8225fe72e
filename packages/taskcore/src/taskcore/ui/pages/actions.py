"""Doing something: a page that asks, and the same address that acts once it was answered.

``GET /actions/{action}`` asks. ``POST`` acts when the form says ``confirmed``, and asks as well when it does not, so
that a selection of any size can be sent. What is acted on are ``target`` (any number of ids), or all tasks that
``matching`` describes, the query of a list of tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from taskcore.auth.permissions import Verb
from taskcore.errors import InvalidInput
from taskcore.states import Phase
from taskcore.ui import flash, query
from taskcore.ui.deeds import DEEDS, Deed
from taskcore.ui.links import within
from taskcore.ui.models import NEEDS, Action, ActionResult, Order
from taskcore.ui.models.tasks import TaskFilter
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.record import record
from taskcore.ui.site import Part
from taskcore.ui.targets import Target, by_phase, find
from taskcore.ui.words import plural

MOST_TARGETS = {"task": 1_000, "webhook": 100}
MOST_OTHERS = 20
"""Targets of other kinds: each of them is looked for in a whole list."""
LIMIT = 10_000
ASK_TWICE = 100
NAMED = 10
TOLD = 3

Values = QueryParams | FormData


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is about to be done.

    Attributes:
        count: how many it is about; None when nobody knows.
        phases: tasks by phase, where there is more than one.
        missing: ids that were given and of which nothing is known.
        word: what must be typed; "" is nothing.
    """

    action: Action
    deed: Deed
    targets: tuple[Target, ...] = ()
    missing: tuple[str, ...] = ()
    matching: TaskFilter | None = None
    query: str = ""
    count: int | None = None
    phases: Mapping[Phase, int]
    word: str = ""

    @property
    def fitting(self) -> int:
        """Of how many tasks the phase is one in which it does anything."""
        possible = self.deed.possible
        return sum(count for phase, count in self.phases.items() if possible is None or phase in possible)

    @property
    def subject(self) -> str:
        """As in "task billing.charge", "3 tasks", "the matching tasks"."""
        if len(self.targets) == 1:
            return f"{self.deed.noun} {self.targets[0].title}"
        return f"the matching {self.deed.noun}s" if self.count is None else plural(self.count, self.deed.noun)


async def ask(visit: Visit) -> Show:
    """The page that asks."""
    return _asked(visit, await _question(visit, visit.query), visit.query)


async def act(visit: Visit) -> Show | Response:
    """Act, if the form was answered."""
    form = await visit.form()
    question = await _question(visit, form)
    if "confirmed" not in form:
        return _asked(visit, question, form)
    if wrong := _refusals(question, form):
        return _asked(visit, question, form, wrong)
    try:
        result = await _done(visit, question, form)
    except InvalidInput as error:
        if visit.wants_json or not question.deed.fields:
            raise
        return _asked(visit, question, form, {question.deed.fields[0].name: f"{error}."})
    return _told(visit, question, result, form)


async def _question(visit: Visit, values: Values) -> Question:
    action = _action(visit)
    deed, verb = DEEDS[action], NEEDS[action]
    matching = values.get("matching")
    if isinstance(matching, str) and deed.noun == "task":
        return await _about_all(visit, action, matching)
    ids = [str(each) for each in values.getlist("target")]
    most = MOST_TARGETS.get(deed.noun, MOST_OTHERS)
    if not 0 < len(ids) <= most:
        raise InvalidInput(f"name 1 to {most:,} of what you want to {deed.button.lower()}, got {len(ids)}")
    targets, missing = await find(visit, deed.noun, ids)
    for target in targets:
        if not target.allowed(visit, verb):
            raise HTTPException(403, f"You need the permission to {verb} in {target.names[0]!r} for this.")
    if not targets:
        raise HTTPException(404, f"There is no {deed.noun} {ids[0]!r}.")
    return Question(
        action=action,
        deed=deed,
        targets=tuple(targets),
        missing=tuple(missing),
        count=len(targets),
        phases=by_phase(targets),
        word=_word(deed, len(targets), targets[0]),
    )


async def _about_all(visit: Visit, action: Action, text: str) -> Question:
    """All tasks of a list, in those queues where the visitor may."""
    deed, verb = DEEDS[action], NEEDS[action]
    counts = await visit.site.tally.counts()
    queues = None if visit.may(verb) and visit.may(Verb.VIEW) else visit.among(counts.by_queue if counts else (), verb)
    if queues is not None:
        queues &= visit.among(queues)
    asked = query.read(parse_qsl(text), visit.now, queues)
    if asked.problems:
        raise InvalidInput(asked.problems[0].message)
    wanted = replace(asked.filter, after=None, before=None)
    phases = await _phases(visit, wanted)
    count = None if phases is None else sum(phases.values())
    if count == 0:
        raise HTTPException(404, f"No task matches that you may {deed.button.lower()}.")
    return Question(
        action=action, deed=deed, matching=wanted, query=text, count=count, phases=phases or {}, word=_word(deed, count)
    )


async def _phases(visit: Visit, wanted: TaskFilter) -> dict[Phase, int] | None:
    """How many tasks are in which phase; None when counting them is not cheap."""
    assert visit.source.tasks is not None  # noqa: S101 - the action is about tasks
    found: dict[Phase, int] = {}
    for phase in sorted(wanted.phases or Phase):
        page = await visit.source.tasks.list(replace(wanted, phases=frozenset({phase}), limit=1))
        if page.total is None and page.rows:
            return None
        if page.total:
            found[phase] = page.total
    return found


def _action(visit: Visit) -> Action:
    name = visit.param("action")
    if name not in visit.source.actions:
        raise HTTPException(404, f"There is no action {name!r} here.")
    action = Action(name)
    if visit.principal is None or not visit.principal.may_anywhere(NEEDS[action]):
        raise HTTPException(403, f"You need the permission to {NEEDS[action]} for this.")
    return action


def _word(deed: Deed, count: int | None, target: Target | None = None) -> str:
    """What must be typed: the name of what is lost for good, or the number of what is many."""
    if deed.takes_back and count == 1 and target is not None:
        return deed.button.lower() if deed.noun == "task" else target.title
    if count is None:
        return "all"
    return str(count) if deed.takes_back or count > ASK_TWICE else ""


def _refusals(question: Question, form: Values) -> dict[str, str]:
    """What is wrong with the answers, by field."""
    wrong = {
        field.name: f"{field.label} is needed."
        for field in question.deed.fields
        if field.required and not str(form.get(f"option.{field.name}", "")).strip()
    }
    typed = str(form.get("typed", "")).replace(",", "").strip()
    # The number is the one that was shown: tasks that came since then do not spoil the answer.
    if question.word and typed not in (question.word, str(form.get("shown", question.word))):
        wrong["typed"] = f"Type {question.word} to go on."
    return wrong


def _asked(visit: Visit, question: Question, values: Values, wrong: Mapping[str, str] | None = None) -> Show:
    model = {
        "action": question.action,
        "subject": question.subject,
        "count": question.count,
        "phases": question.phases,
        "fitting": question.fitting,
        "missing": question.missing,
        "targets": [target.id for target in question.targets],
    }
    also = {
        "question": question,
        "wrong": wrong or {},
        "given": {name: str(value) for name, value in values.items()},
        "back": _back(visit, values),
        "named": question.targets[:NAMED],
    }
    title = f"{question.deed.button} {question.subject}?"
    return Show(template="confirm.html", title=title, model=model, also=also, status=422 if wrong else 200)


async def _done(visit: Visit, question: Question, form: Values) -> ActionResult:
    assert visit.source.does is not None  # noqa: S101 - the page is not there otherwise
    assert visit.principal is not None  # noqa: S101 - the server has asked
    options = {field.name: str(form.get(f"option.{field.name}", "")) for field in question.deed.fields}
    order = Order(
        action=question.action,
        targets=tuple(target.id for target in question.targets),
        matching=question.matching,
        limit=LIMIT,
        options=options,
        actor=visit.principal.name,
    )
    result = await visit.source.does.act(order)
    await record(visit, f"{question.deed.noun}.{question.action}", _named(question), _detail(result, options))
    return result


def _named(question: Question) -> str:
    if question.matching is not None:
        return f"tasks:{question.query or 'all'}"
    first = f"{question.deed.noun}:{question.targets[0].id}"
    return first if len(question.targets) == 1 else f"{first} and {len(question.targets) - 1} more"


def _detail(result: ActionResult, options: Mapping[str, str]) -> str:
    words = [f"{result.done} done", f"{len(result.skipped)} left out"]
    return ", ".join([*words, *(f"{name}: {value}" for name, value in options.items() if value)])


def _told(visit: Visit, question: Question, result: ActionResult, form: Values) -> Show | Response:
    words = f"{plural(result.done, question.deed.noun)} {question.deed.done}."
    if result.note:
        words += f" {result.note}"
    words = visit.site.redactor.text(words)
    model = {"done": result.done, "skipped": result.skipped, "note": result.note}
    back = _back(visit, form)
    if visit.wants_json or len(result.skipped) > TOLD:
        return Show(template="acted.html", title=words, model=model, also={"question": question, "back": back})
    for target, reason in result.skipped.items():
        words += f" {target} was left out: {visit.site.redactor.text(reason)}."
    answer = RedirectResponse(back, 303)
    flash.leave(answer, flash.Toast(words, "ok" if result.done else "error"), visit.url.root, secure=visit.is_secure)
    return answer


def _back(visit: Visit, values: Values) -> str:
    return within(str(values.get("next", "")), visit.url.root) or f"{visit.url.root}/"


PAGES = (
    Page(name="act", path="/actions/{action}", view=ask, part=Part.DOES),
    Page(name="act.do", path="/actions/{action}", view=act, methods=("POST",), part=Part.DOES),
)
