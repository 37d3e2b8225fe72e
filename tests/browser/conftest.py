"""Headless Chromium against a real server; skipped, and said so, where there is no Chromium.

Whatever a test does, a browser that finds an error in its console, a violation of the content security policy, or a
request to anywhere else fails it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from .house import PASSWORD, House, a_house
from .serving import Server, served

CHROMIUM = os.environ.get("TASKCORE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",  # the tests run as root in containers, and see no page but ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


@pytest.fixture(scope="module")  # while it is there, its event loop runs in this thread, and nobody else's can
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM: nobody looked at the dashboard; install it, or set TASKCORE_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def house() -> House:
    return a_house()


@pytest.fixture(scope="module")
def server(house: House, chromium: Browser) -> Iterator[Server]:
    with served(house.dashboard) as running:
        yield running


@dataclass
class Visitor:
    """A browser of somebody, and what went wrong in it. What a test expects to go wrong it puts into ``expected``."""

    context: BrowserContext
    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    scripts: bool = True

    def go(self, path: str) -> Page:
        """Open a page; returns when its scripts have started."""
        self.page.goto(self.address + path)
        if self.scripts:
            self.page.wait_for_selector("html[data-js]")
        return self.page

    def violations(self) -> list[str]:
        return list(self.page.evaluate("window.__violations ?? []")) if self.scripts else []

    def check(self) -> None:
        """Fail if anything went wrong that was not expected to."""
        found = [*self.troubles, *self.violations()]
        assert [] == [each for each in found if not any(word in each for word in self.expected)]


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, server: Server) -> Iterator[Visit]:
    """Open a browser: ``visit("ada")`` is logged in, ``visit()`` is not; keywords go to ``new_context``."""
    visitors: list[Visitor] = []

    def opened(name: str = "", *, address: str = "", **options: object) -> Visitor:
        visitor = open_browser(chromium, address or server.address, **options)
        visitors.append(visitor)
        if name:
            log_in(visitor, name)
        return visitor

    yield opened
    for visitor in visitors:
        try:
            visitor.check()
        finally:
            visitor.context.close()


def open_browser(chromium: Browser, address: str, **options: object) -> Visitor:
    context = chromium.new_context(**{"reduced_motion": "reduce", **options})  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    context.add_init_script(WATCH)
    page = context.new_page()
    visitor = Visitor(context, page, address, scripts=options.get("java_script_enabled") is not False)
    origin = "/".join(address.split("/")[:3])
    context.on("request", lambda asked: _note(visitor, asked.url, origin))
    page.on("console", lambda said: _hear(visitor, said))
    page.on("pageerror", lambda error: visitor.troubles.append(str(error)))
    return visitor


def _hear(visitor: Visitor, said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        visitor.troubles.append(said.text)


def _note(visitor: Visitor, url: str, origin: str) -> None:
    if not url.startswith((origin, "data:", "about:", "blob:")):
        visitor.troubles.append(f"request to {url}")


def log_in(visitor: Visitor, name: str) -> None:
    """By the form's own address, which takes no page to load."""
    answer = visitor.context.request.post(
        f"{visitor.address}/login", form={"name": name, "password": PASSWORD}, max_redirects=0
    )
    assert 303 == answer.status, answer.text()
