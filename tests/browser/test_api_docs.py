"""Swagger UI and ReDoc of taskmq draw themselves with nothing from other hosts."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from taskmq.api.app import create_app
from taskmq.api.desk import Desk
from taskmq.jwt_secret import keys_of
from taskmq.storage.sqlite_backend import SQLiteBackend

from .conftest import open_browser
from .serving import served

SLOW = 30_000
"""Milliseconds: each page is a megabyte of script to start."""


@pytest.mark.parametrize(("path", "words"), [("/docs", "Add many jobs"), ("/redoc", "Search")])
def test_the_documentation_of_the_api_is_drawn(chromium: Browser, tmp_path: Path, path: str, words: str) -> None:
    backend = SQLiteBackend(tmp_path / "taskmq.db")
    desk = Desk(lambda: backend, keys_of("a secret of these tests, which is long enough", {}))
    with served(create_app(desk)) as server:
        visitor = open_browser(chromium, server.address)
        visitor.page.goto(server.address + path)
        expect(visitor.page.get_by_text("TaskMQ").first).to_be_visible(timeout=SLOW)
        expect(visitor.page.get_by_text(words).or_(visitor.page.get_by_placeholder(words)).first).to_be_visible(
            timeout=SLOW
        )
        visitor.check()
        visitor.context.close()
    backend.close()
