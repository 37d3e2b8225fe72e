"""Nobody gets more rights than somebody with the right to give them has given, and nobody keeps what was taken."""

import pytest
from starlette.testclient import TestClient
from taskcore.auth.principal import SYSTEM
from taskcore.testing import FakeClock
from taskcore.testing.dashboard import sample_source
from taskcore.ui import Dashboard

from .conftest import PASSWORD, Enter, House, run

JSON = {"Accept": "application/json"}


@pytest.fixture
def dashboard(house: House, clock: FakeClock) -> Dashboard:
    return Dashboard(run(sample_source()), access=house.access, clock=clock)


@pytest.fixture
def people(house: House) -> House:
    house.user("ada", "admin")
    house.user("olga", "operator")
    house.user("vera")
    return house


def _id(house: House, name: str) -> str:
    return next(user.id for user in run(house.accounts.users.page(SYSTEM)) if user.name == name)


@pytest.mark.parametrize("name", ["olga", "vera"])
def test_accounts_are_for_admins(people: House, enter: Enter, name: str) -> None:
    client, own, ada = enter(name), _id(people, name), _id(people, "ada")
    rights = {"do": "rights", "role": "admin", "kind.0": "", "pattern.0": "*", "verb.0": "admin"}

    for user in (own, ada):
        for data in (rights, {"do": "reset"}, {"do": "disable"}, {"do": "remove", "typed": "ada"}, {"do": "end"}):
            assert 403 == client.post(f"/users/{user}", data=data).status_code
        assert 403 == client.get(f"/users/{user}", headers=JSON).status_code
    assert 403 == client.post("/users", data={"name": "eve", "password": PASSWORD, "role": "admin"}).status_code
    assert {403} == {client.get(path, headers=JSON).status_code for path in ("/users", "/users/new", "/audit")}
    assert 200 == enter("ada").get("/users").status_code


@pytest.mark.parametrize(
    "rights",
    [
        {"role": "admin"},
        {"role": "operator"},
        {"role": "", "pattern.0": "*", "verb.0": "admin"},
        {"role": "", "pattern.0": "*", "verb.0": ["view", "delete"]},
        {"role": "", "kind.0": "queue", "pattern.0": "email", "verb.0": "retry"},
    ],
)
def test_a_key_never_gets_what_its_maker_has_not(people: House, enter: Enter, rights: dict[str, str]) -> None:
    answer = enter("vera").post("/keys", data={"name": "script", "days": "30", **rights}, headers=JSON)

    assert 403 == answer.status_code
    assert [] == list(run(people.accounts.keys.page(SYSTEM)))


def test_a_key_loses_what_its_owner_loses(people: House, enter: Enter) -> None:
    made = enter("olga").post("/keys", data={"name": "script", "days": "30", "role": "operator"}, headers=JSON).json()
    program, olga = enter(""), _id(people, "olga")
    program.headers.update({"X-API-Key": made["secret"], **JSON})
    assert 200 == program.get("/actions/pause-queue?target=billing").status_code

    run(people.accounts.users.set_rights(SYSTEM, olga, role="viewer"))
    assert (200, 403) == (
        program.get("/tasks").status_code,
        program.get("/actions/pause-queue?target=billing").status_code,
    )
    run(people.accounts.users.disable(SYSTEM, olga))
    assert 401 == program.get("/tasks").status_code
    run(people.accounts.users.remove(SYSTEM, olga))
    assert 401 == program.get("/tasks").status_code


def test_a_key_is_nobody_elses_to_replace_or_end(people: House, enter: Enter) -> None:
    made = enter("olga").post("/keys", data={"name": "script", "days": "30", "role": "viewer"}, headers=JSON).json()
    vera, path = enter("vera"), f"/keys/{made['key']['id']}"

    assert {403} == {vera.post(path, data={"do": do}, headers=JSON).status_code for do in ("rotate", "revoke")}
    assert [] == vera.get("/keys", headers=JSON).json()["keys"]
    assert {403} == {vera.post("/keys/999", data={"do": do}, headers=JSON).status_code for do in ("rotate", "revoke")}


def test_who_is_demoted_or_shut_out_is_so_at_once(people: House, enter: Enter) -> None:
    olga, vera = enter("olga"), enter("vera")

    run(people.accounts.users.set_rights(SYSTEM, _id(people, "olga"), role="viewer"))
    run(people.accounts.users.disable(SYSTEM, _id(people, "vera")))

    assert (200, 403) == (
        olga.get("/tasks").status_code,
        olga.post("/actions/pause-queue", data={"target": "billing"}).status_code,
    )
    assert {401} == {vera.get(path, headers=JSON).status_code for path in ("/tasks", "/events", "/keys")}
    run(people.accounts.users.enable(SYSTEM, _id(people, "vera")))
    assert 401 == vera.get("/tasks", headers=JSON).status_code


def test_a_new_password_ends_other_sessions_and_all_links(people: House, enter: Enter) -> None:
    here, elsewhere, outside = enter("vera"), enter("vera"), enter("")
    links = [run(people.accounts.users.reset_link(SYSTEM, _id(people, "vera"))) for _ in range(2)]
    new = {"old": PASSWORD, "new": "battery staple", "again": "battery staple"}

    assert 303 == here.post("/account/password", data=new).status_code

    assert (200, 401) == (here.get("/keys").status_code, elsewhere.get("/keys", headers=JSON).status_code)
    for link in links:
        data = {"link": link, "password": "something else", "again": "something else"}
        assert 401 == outside.post("/reset", data=data, headers=JSON).status_code
    assert 401 == outside.post("/login", data={"name": "vera", "password": PASSWORD}).status_code


def test_a_cookie_from_before_the_login_is_worth_nothing_after_it(people: House, enter: Enter) -> None:
    client = enter("vera")
    planted = client.cookies["tc_session"]

    client.post("/login", data={"name": "ada", "password": PASSWORD})

    assert planted != client.cookies["tc_session"]
    stranger = enter("")
    stranger.cookies.set("tc_session", planted)
    assert 401 == stranger.get("/tasks", headers=JSON).status_code


def test_one_ends_ones_own_sessions_alone(people: House, enter: Enter) -> None:
    ada, vera = enter("ada"), enter("vera")
    (theirs,) = run(people.accounts.users.sessions(SYSTEM, _id(people, "ada")))

    assert 404 == vera.post("/account/end", data={"session": theirs.digest}).status_code
    assert 200 == ada.get("/users").status_code


@pytest.mark.parametrize(
    "path", ["/login", "/logout", "/users", "/keys", "/account/password", "/actions/retry", "/reset"]
)
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_no_other_site_posts_anything(people: House, enter: Enter, path: str, headers: dict[str, str]) -> None:
    client = enter("ada")

    answer = client.post(path, data={"name": "ada", "password": PASSWORD}, headers={**headers, **JSON})

    assert (403, "cross_site") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_for_this_host_and_no_script(people: House, dashboard: Dashboard, scheme: str) -> None:
    with TestClient(dashboard, base_url=f"{scheme}://testserver", follow_redirects=False) as client:
        login = client.post("/login", data={"name": "ada", "password": PASSWORD})
        saved = client.post("/settings/save", data={"theme": "dark"})

    cookies = [value for answer in (login, saved) for value in answer.headers.get_list("Set-Cookie")]
    assert 3 == len(cookies)
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert ("Secure" in cookie) == (scheme == "https")
    assert cookies[0].startswith("__Host-" if scheme == "https" else "tc_session")


@pytest.mark.parametrize(
    "row",
    [
        {"pattern.0": "a\u202eb", "verb.0": "view"},
        {"pattern.0": "x" * 1_000, "verb.0": "view"},
        {"pattern.0": "a\nb", "verb.0": "view"},
        {"pattern.0": "a", "verb.0": "fly"},
        {"pattern.0": "a", "verb.0": "view", "kind.0": "planet"},
    ],
)
def test_a_pattern_is_a_name_that_can_be_read(people: House, enter: Enter, row: dict[str, str]) -> None:
    answer = enter("ada").post("/keys", data={"name": "script", "days": "30", "role": "", **row})

    assert 422 == answer.status_code
    assert [] == list(run(people.accounts.keys.page(SYSTEM)))
