"""Who may come in, and how: closed by default, slow to guessers, and never a way to another site."""

import pytest
from starlette.testclient import TestClient
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource

from .conftest import PASSWORD, Enter, House, run

PAGES = ["/settings", "/users", "/users/new", "/users/1", "/keys", "/audit", "/account"]


@pytest.fixture
def ada(house: House) -> None:
    house.user("ada", "admin")


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_logging_in(enter: Enter, path: str) -> None:
    outside = enter("")

    page = outside.get(path)
    program = outside.get(path, headers={"Accept": "application/json"})
    fragment = outside.get(path, headers={"HX-Target": "section#confirm"})

    assert (303, f"/login?next={path}") == (page.status_code, page.headers["Location"])
    assert "application/problem+json" == program.headers["Content-Type"]
    assert (401, 401) == (program.status_code, fragment.status_code)


@pytest.mark.parametrize("path", ["/users", "/keys", "/settings/save", "/account/password", "/account/end"])
def test_what_is_posted_without_logging_in_is_refused(enter: Enter, path: str) -> None:
    assert 401 == enter("").post(path, data={"name": "eve"}).status_code


@pytest.mark.usefixtures("ada")
def test_a_login_leads_to_where_one_wanted_to_go(enter: Enter) -> None:
    answer = enter("").post("/login", data={"name": "ada", "password": PASSWORD, "next": "/users?after=b"})

    assert (303, "/users?after=b") == (answer.status_code, answer.headers["Location"])


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "/a//evil",
    "",
]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_login_never_leads_to_another_site(enter: Enter, address: str) -> None:
    answer = enter("").post("/login", data={"name": "ada", "password": PASSWORD, "next": address})

    assert "/" == answer.headers["Location"]


@pytest.mark.usefixtures("ada")
def test_a_wrong_password_is_told_on_the_form_which_keeps_the_name(enter: Enter) -> None:
    answer = enter("").post("/login", data={"name": "ada", "password": "hunter2", "next": "/keys"})

    assert 401 == answer.status_code
    assert 'value="ada"' in answer.text
    assert 'value="/keys"' in answer.text
    assert "hunter2" not in answer.text


@pytest.mark.usefixtures("ada")
def test_the_sixth_guess_has_to_wait(enter: Enter) -> None:
    outside = enter("")

    guesses = [outside.post("/login", data={"name": "ada", "password": f"guess {n}"}).status_code for n in range(5)]
    sixth = outside.post("/login", data={"name": "ada", "password": PASSWORD})

    assert [401] * 5 == guesses
    assert 429 == sixth.status_code
    assert 0 < int(sixth.headers["Retry-After"]) <= 60
    assert "Too many attempts" in sixth.text


@pytest.mark.usefixtures("ada")
def test_logging_out_ends_the_session_for_good(enter: Enter) -> None:
    inside = enter("ada")
    cookies = dict(inside.cookies)

    answer = inside.post("/logout")

    assert (303, "/login") == (answer.status_code, answer.headers["Location"])
    inside.cookies.update(cookies)
    assert 303 == inside.get("/settings").status_code


@pytest.mark.usefixtures("ada")
def test_looking_at_the_logout_does_nothing(enter: Enter) -> None:
    inside = enter("ada")

    assert 405 == inside.get("/logout").status_code
    assert 200 == inside.get("/settings").status_code


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_can_make_a_browser_do_nothing(enter: Enter, headers: dict[str, str]) -> None:
    inside = enter("ada")

    for path in ("/logout", "/users", "/settings/save"):
        assert 403 == inside.post(path, headers=headers).status_code
    assert 200 == inside.get("/settings").status_code


def test_the_first_user_is_made_with_a_link_and_only_once(house: House, enter: Enter) -> None:
    outside, link = enter(""), house.accounts.users.setup_link()
    assert "set-up link" in outside.get("/login").text
    account = {"link": link, "name": "ada", "password": PASSWORD, "again": PASSWORD}

    answers = [outside.post("/setup", data=account) for _ in range(2)]

    assert [303, 401] == [answer.status_code for answer in answers]
    assert 200 == enter("ada").get("/users").status_code
    assert 404 == outside.get("/setup", params={"link": link}).status_code


@pytest.mark.usefixtures("ada")
def test_a_reset_link_gives_a_new_password_once(house: House, enter: Enter) -> None:
    bob = house.user("bob")
    link = run(house.accounts.users.reset_link(SYSTEM, bob.id))
    outside, new = enter(""), "battery staple"

    different = outside.post("/reset", data={"link": link, "password": new, "again": "something"})
    good = outside.post("/reset", data={"link": link, "password": new, "again": new})
    again = outside.post("/reset", data={"link": link, "password": new, "again": new})

    assert [422, 303, 401] == [each.status_code for each in (different, good, again)]
    assert 303 == outside.post("/login", data={"name": "bob", "password": new}).status_code


@pytest.mark.usefixtures("ada")
def test_a_login_is_written_down_with_where_it_came_from(house: House, enter: Enter) -> None:
    enter("ada")

    (login, *_) = run(house.accounts.entries(SYSTEM, AuditQuery()))

    assert ("login", "session", "testclient") == (login.action, login.via, login.peer)
    assert login.request_id


def test_without_accounts_this_machine_is_admin_and_nobody_else_is_anything() -> None:
    dashboard = Dashboard(DashboardSource(system="demo"))

    here = TestClient(dashboard, base_url="http://localhost")
    elsewhere = TestClient(dashboard, client=("203.0.113.7", 40_000))
    rebound = TestClient(dashboard, base_url="http://evil.example")

    assert 200 == here.get("/settings").status_code
    assert (404, 404) == (here.get("/login").status_code, here.get("/users").status_code)
    assert (403, 403) == (elsewhere.get("/settings").status_code, rebound.get("/settings").status_code)
