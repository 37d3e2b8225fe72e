"""How a page is written: a ``Page`` says where it is and who may see it; its view turns a ``Visit`` into a ``Show``."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from taskcore.auth.accounts import Accounts
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.ui.links import Links, Value, changed, unslotted
from taskcore.ui.models import NEEDS, Action, Counts
from taskcore.ui.preferences import Preferences
from taskcore.ui.site import Part, Site
from taskcore.ui.source import DashboardSource
from taskcore.web.forms import form_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What a view found, to be shown as a page, as a fragment of it, or as JSON; the visitor's request decides.

    Attributes:
        template: below ``templates/pages``.
        title: of the page and its only ``<h1>``.
        model: what JSON readers get, redacted; the template has the same names as variables.
        also: more variables for the template alone.
        crumbs: (title, address) of the pages above this one.
        plain: True for a model without any value of a task's: a new key is shown once, and not masked.
    """

    template: str
    title: str
    model: Mapping[str, object] = field(default_factory=dict)
    also: Mapping[str, object] = field(default_factory=dict)
    crumbs: tuple[tuple[str, str], ...] = ()
    status: int = 200
    plain: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody asks for a page. Views take everything from here: nothing else knows the request."""

    site: Site
    request: Request
    page: "Page"
    principal: Principal | None
    now: datetime
    url: Links
    preferences: Preferences

    @property
    def source(self) -> DashboardSource:
        return self.site.source

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def accounts(self) -> Accounts:
        """For pages with ``Part.ACCOUNTS``."""
        assert self.site.accounts is not None  # noqa: S101 - the page would not be there
        return self.site.accounts

    @property
    def reader(self) -> Principal:
        """Whoever visits a page that is not public."""
        assert self.principal is not None  # noqa: S101 - the server has asked
        return self.principal

    @property
    def wants_json(self) -> bool:
        """Whether a program asks."""
        return wants_json(self.request)

    @property
    def is_secure(self) -> bool:
        """Whether the visitor came over https, so that cookies need not go over anything else."""
        return bool(self.request.scope["scheme"] == "https")

    @property
    def fragment(self) -> str | None:
        """The id of the element that is asked for alone; None is the whole page. htmx sends ``section#the-id``."""
        _, _, name = self.request.headers.get("HX-Target", "").partition("#")
        return name or None

    def param(self, name: str) -> str:
        """A part of the path, as ``/tasks/{task}`` has it."""
        return unslotted(str(self.request.path_params[name]))

    def here(self, **values: Value) -> str:
        """This very address with ``values`` in its query instead of what it has under their names; None takes out."""
        scope = self.request.scope
        return changed(quote(scope["path"]), scope["query_string"].decode("latin-1"), values)

    def may(self, verb: Verb | str, name: str = "", kind: Kind | str = Kind.QUEUE) -> bool:
        """Whether the visitor may do ``verb`` to the queue (pipeline, group) ``name``; "" asks about all of them."""
        return self.principal is not None and self.principal.may(Verb(verb), Kind(kind), name)

    def can(self, action: Action | str, name: str = "", kind: Kind | str = Kind.QUEUE) -> bool:
        """Whether the source does ``action``, and the visitor may do it to the queue (pipeline, group) ``name``."""
        return action in self.source.actions and self.may(NEEDS[Action(action)], name, kind)

    def can_anywhere(self, action: Action) -> bool:
        """Whether the source does ``action``, and there is anything to which the visitor may do it."""
        able = "act" in self.url.paths and action in self.source.actions
        return able and self.principal is not None and self.principal.may_anywhere(NEEDS[action])

    async def counts(self) -> Counts | None:
        """The newest counts, of the queues that the visitor may see; None when nobody knows any."""
        counts = await self.site.tally.counts()
        return counts.only(self.among(counts.by_queue)) if counts else None

    async def visible(self) -> frozenset[str] | None:
        """The queues that the visitor may see, for ``TaskFilter.visible``; None is all."""
        if self.may(Verb.VIEW):
            return None
        counts = await self.site.tally.counts()
        return self.among(counts.by_queue if counts else ())

    def among(self, queues: Iterable[str], verb: Verb = Verb.VIEW) -> frozenset[str]:
        """Those of ``queues`` to which the visitor may do ``verb``."""
        return frozenset(queue for queue in queues if self.may(verb, queue))

    async def answers(self) -> dict[str, str]:
        """What was posted, each name once: the texts of a form that asks each thing once."""
        form = await self.form()
        return {name: value for name, value in form.items() if isinstance(value, str)}

    async def form(self) -> FormData:
        """What was posted."""
        return await form_of(self.request)


def wants_json(request: Request) -> bool:
    """Whether JSON is accepted, and pages are not named before it."""
    accepted = request.headers.get("Accept", "")
    at = accepted.find("application/json")
    return at >= 0 and not 0 <= accepted.find("text/html") < at


View = Callable[[Visit], Awaitable[Show | Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An address and what answers there.

    Attributes:
        name: for ``url(name)``.
        path: below the dashboard's root, with ``{slots}``; ``{slot:path}`` is not supported.
        needs: what the visitor must be allowed to do to at least one queue; the view checks which. None: be logged in.
        part: the page exists only where the dashboard has this.
        public: for everybody, logged in or not; only what logs in, and files.
    """

    name: str
    path: str
    view: View
    methods: tuple[str, ...] = ("GET",)
    needs: Verb | None = Verb.VIEW
    part: Part | None = None
    public: bool = False
