"""Visitors of a dashboard over the sample, known by a key."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from starlette.testclient import TestClient
from taskcore.auth.chain import Credentials
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource
from taskcore.web.access import Access

EMAIL_ONLY = Grant(frozenset({Verb.VIEW, Verb.RETRY}), Kind.QUEUE, "email")
PEOPLE = {
    "admin": Principal(id="1", name="ada", role="admin"),
    "viewer": Principal(id="2", name="vera", role="viewer"),
    "email": Principal(id="3", name="emil", role="guest", grants=(EMAIL_ONLY,)),
    "nobody": Principal(id="4", name="nemo", role="guest"),
}


class ByName:
    """Believes every key that is one of ``PEOPLE``."""

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        return PEOPLE.get(credentials.api_key or "")


def visitor(source: DashboardSource, name: str = "admin") -> TestClient:
    """A client of a dashboard over ``source``."""
    dashboard = Dashboard(source, access=Access(chain=ByName()))
    return TestClient(dashboard, headers={"X-API-Key": name} if name else {}, follow_redirects=False)


class Elements(HTMLParser):
    """Counts elements and gathers the addresses of links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.count = 0
        self.links: list[dict[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1
        if tag == "a":
            self.links.append({name: value or "" for name, value in attrs})

    def to(self, rel: str) -> str | None:
        return next((link["href"] for link in self.links if link.get("rel") == rel), None)


def ids(page: str) -> list[str]:
    """The ids of the rows of a list."""
    return re.findall(r'<tr [^>]*data-id="([^"]+)"', page)


def pages_of(client: TestClient, path: str) -> Iterator[str]:
    """A list's pages, from link to link."""
    address: str | None = path
    while address:
        page = client.get(address).text
        yield page
        address = Elements(page).to("next")
