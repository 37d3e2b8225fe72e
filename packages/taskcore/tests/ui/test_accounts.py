"""Pages about users, keys and the audit log: what admins see and do, and what nobody else can."""

import re

import pytest
from starlette.testclient import TestClient
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import SYSTEM, Principal
from taskcore.auth.records import AuditQuery, User

from .conftest import PASSWORD, Enter, House, run

JSON = {"Accept": "application/json"}


@pytest.fixture
def ada(house: House, enter: Enter) -> TestClient:
    house.user("ada", "admin")
    return enter("ada")


def user(house: House, name: str) -> User:
    return next(each for each in run(house.accounts.users.page(SYSTEM)) if each.name == name)


def actions(house: House) -> list[str]:
    return [entry.action for entry in run(house.accounts.entries(SYSTEM, AuditQuery()))]


def test_a_user_is_made_with_a_role_and_grants(house: House, ada: TestClient, enter: Enter) -> None:
    form = {
        "name": "bob",
        "password": PASSWORD,
        "role": "viewer",
        "kind.0": "queue",
        "pattern.0": "billing*",
        "verb.0": ["retry", "cancel"],
        "kind.1": "",
        "pattern.1": "",
    }

    answer = ada.post("/users", data=form)

    bob = user(house, "bob")
    assert (303, f"/users/{bob.id}") == (answer.status_code, answer.headers["Location"])
    assert (Grant(frozenset({Verb.RETRY, Verb.CANCEL}), Kind.QUEUE, "billing*"),) == bob.grants
    assert bob.must_change_password
    assert "Your password was chosen by somebody else." in enter("bob").get("/settings").text


def test_a_user_without_a_password_gets_a_link_that_is_shown_once(house: House, ada: TestClient, enter: Enter) -> None:
    page = ada.post("/users", data={"name": "bob", "password": "", "role": "viewer"})

    link = re.search(r"http://testserver(/reset\?link=[^<\"]+)", page.text)
    assert link
    assert "link=" not in ada.get(f"/users/{user(house, 'bob').id}").text
    form = {"link": link[1].partition("link=")[2], "password": PASSWORD, "again": PASSWORD}
    assert 303 == enter("").post("/reset", data=form).status_code
    assert 200 == enter("bob").get("/settings").status_code


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "ADA", "role": "viewer"}, "named"),
        ({"name": "bob", "password": "short", "role": "viewer"}, "at least 8 characters"),
        ({"name": "bob", "role": "king"}, "role"),
        ({"name": "bob", "role": "viewer", "pattern.0": "", "verb.0": "view"}, "pattern"),
        ({"name": "bob", "role": "viewer", "pattern.0": "x", "verb.0": "fly"}, "fly"),
    ],
)
def test_a_form_that_is_wrong_comes_back_with_what_is_wrong(ada: TestClient, form: dict[str, str], told: str) -> None:
    answer = ada.post("/users", data=form)

    assert 422 == answer.status_code
    assert told in answer.text
    assert 'role="alert"' in answer.text


def test_rights_change_at_once(house: House, ada: TestClient, enter: Enter) -> None:
    bob = house.user("bob")
    his = enter("bob")
    assert 403 == his.get("/users").status_code

    ada.post(f"/users/{bob.id}", data={"do": "rights", "role": "admin"})

    assert 200 == his.get("/users").status_code


def test_the_last_admin_stays_one(house: House, ada: TestClient) -> None:
    me = user(house, "ada")

    answers = [
        ada.post(f"/users/{me.id}", data={"do": "rights", "role": "viewer", "sure": "yes"}),
        ada.post(f"/users/{me.id}", data={"do": "disable", "sure": "yes"}),
        ada.post(f"/users/{me.id}", data={"do": "remove", "typed": "ada"}),
    ]

    assert [422] * 3 == [each.status_code for each in answers]
    assert all("last admin" in each.text for each in answers)
    assert 200 == ada.get("/users").status_code


def test_one_shuts_oneself_out_only_when_one_says_so(house: House, ada: TestClient) -> None:
    house.user("grace", "admin")
    me = user(house, "ada")

    unsure = ada.post(f"/users/{me.id}", data={"do": "rights", "role": "viewer"})
    sure = ada.post(f"/users/{me.id}", data={"do": "rights", "role": "viewer", "sure": "yes"})

    assert [422, 303] == [unsure.status_code, sure.status_code]
    assert "I may shut myself out" in unsure.text
    assert 403 == ada.get("/users").status_code


def test_a_user_who_is_shut_out_is_out_and_may_come_back(house: House, ada: TestClient, enter: Enter) -> None:
    bob = house.user("bob")
    his = enter("bob")

    ada.post(f"/users/{bob.id}", data={"do": "disable"})
    assert 303 == his.get("/settings").status_code
    assert 401 == enter("").post("/login", data={"name": "bob", "password": PASSWORD}).status_code

    ada.post(f"/users/{bob.id}", data={"do": "enable"})
    assert 200 == enter("bob").get("/settings").status_code


def test_to_remove_a_user_one_types_their_name(house: House, ada: TestClient) -> None:
    bob = house.user("bob")

    assert 422 == ada.post(f"/users/{bob.id}", data={"do": "remove", "typed": "bo"}).status_code
    assert 303 == ada.post(f"/users/{bob.id}", data={"do": "remove", "typed": "bob"}).status_code
    assert 404 == ada.get(f"/users/{bob.id}").status_code


def test_nobody_but_admins_changes_users(house: House, ada: TestClient, enter: Enter) -> None:
    bob = house.user("bob", "operator")
    his = enter("bob")

    for do in ("rights", "disable", "enable", "reset", "end", "remove"):
        assert 403 == his.post(f"/users/{bob.id}", data={"do": do, "role": "admin", "typed": "bob"}).status_code
    assert 403 == his.post("/users", data={"name": "eve", "role": "admin"}).status_code
    assert 403 == his.get("/audit").status_code
    assert "operator" == user(house, "bob").role


def test_a_password_is_changed_by_who_knows_it_and_other_browsers_are_out(
    house: House, ada: TestClient, enter: Enter
) -> None:
    house.user("bob")
    here, there, new = enter("bob"), enter("bob"), "battery staple"

    wrong = here.post("/account/password", data={"old": "wrong horse", "new": new, "again": new})
    short = here.post("/account/password", data={"old": PASSWORD, "new": "short", "again": "short"})
    different = here.post("/account/password", data={"old": PASSWORD, "new": new, "again": "else"})
    good = here.post("/account/password", data={"old": PASSWORD, "new": new, "again": new})

    assert [422, 422, 422, 303] == [each.status_code for each in (wrong, short, different, good)]
    assert 200 == here.get("/account").status_code
    assert 303 == there.get("/account").status_code


def test_one_ends_the_sessions_of_ones_other_browsers(house: House, enter: Enter) -> None:
    house.user("bob")
    here, there = enter("bob"), enter("bob")
    (other,) = [
        each["digest"]
        for each in here.get("/account", headers=JSON).json()["sessions"]
        if f'value="{each["digest"]}"' in here.get("/account").text
    ]

    here.post("/account/end", data={"session": other})

    assert 303 == there.get("/account").status_code
    assert 200 == here.get("/account").status_code


def key_in(text: str) -> str:
    found = re.search(r"tc_live_\w+", text)
    assert found
    return found[0]


def test_a_key_is_shown_once_lets_a_program_in_and_ends_when_it_is_revoked(
    house: House, ada: TestClient, enter: Enter
) -> None:
    made = ada.post("/keys", data={"name": "deploy", "role": "viewer", "days": "90"})
    secret = key_in(made.text)
    program = {**JSON, "Authorization": f"Bearer {secret}"}
    outside = enter("")

    assert 200 == outside.get("/settings", headers=program).status_code
    assert 403 == outside.get("/users", headers=program).status_code
    listed = ada.get("/keys")
    assert secret not in listed.text
    assert "deploy" in listed.text
    (key,) = ada.get("/keys", headers=JSON).json()["keys"]
    assert "testclient" == key["last_used_from"]

    ada.post(f"/keys/{key['id']}", data={"do": "revoke"})
    assert 401 == outside.get("/settings", headers=program).status_code


def test_a_key_is_replaced_by_one_with_the_same_rights(ada: TestClient, enter: Enter) -> None:
    old = key_in(ada.post("/keys", data={"name": "deploy", "role": "operator", "days": "30"}).text)
    (key,) = ada.get("/keys", headers=JSON).json()["keys"]

    new = key_in(ada.post(f"/keys/{key['id']}", data={"do": "rotate"}).text)

    assert old != new
    for each in (old, new):
        answer = enter("").get("/settings", headers={**JSON, "Authorization": f"Bearer {each}"})
        assert 200 == answer.status_code, "the old one is good for a day more"


def test_one_makes_keys_with_ones_own_rights_at_the_most_and_sees_ones_own(
    house: House, ada: TestClient, enter: Enter
) -> None:
    house.user("bob")
    his = enter("bob")
    ada.post("/keys", data={"name": "of ada", "role": "admin", "days": ""})

    more = his.post("/keys", data={"name": "more", "role": "admin", "days": "30"})
    same = his.post("/keys", data={"name": "same", "role": "viewer", "days": "30"})

    assert [403, 200] == [more.status_code, same.status_code]
    assert ["same"] == [key["name"] for key in his.get("/keys", headers=JSON).json()["keys"]]
    (of_ada,) = [key for key in ada.get("/keys", headers=JSON).json()["keys"] if key["name"] == "of ada"]
    assert 403 == his.post(f"/keys/{of_ada['id']}", data={"do": "revoke"}).status_code


def test_b36_what_was_done_to_accounts_is_in_the_log_with_who_and_which_request(house: House, ada: TestClient) -> None:
    bob = house.user("bob")
    ada.post(f"/users/{bob.id}", data={"do": "rights", "role": "operator"}, headers={"X-Request-ID": "r-42"})

    page = ada.get("/audit", params={"action": "user.rights"})

    (entry,) = ada.get("/audit", params={"action": "user.rights"}, headers=JSON).json()["entries"]
    assert ("r-42", f"user:{bob.id}", "session") == (entry["request_id"], entry["target"], entry["via"])
    assert "ada" in page.text
    assert "user bob" in page.text


def test_programs_are_told_who_acted_even_if_it_reads_like_a_secret(house: House, ada: TestClient) -> None:
    caller = Principal(id="token:ci", name="ci", role="admin", via="token")
    run(house.accounts.audit(caller, "noted", "task:1", "password=hunter2"))

    (entry,) = ada.get("/audit", params={"action": "noted"}, headers=JSON).json()["entries"]

    assert ("token:ci", "token", "task:1") == (entry["actor"], entry["via"], entry["target"])
    assert "hunter2" not in entry["detail"]


def test_the_log_is_read_by_pages_without_gaps(house: House, ada: TestClient) -> None:
    for number in range(230):
        run(house.accounts.audit(SYSTEM, f"test.{number}"))

    seen, cursor = [], ""
    while cursor is not None:
        page = ada.get("/audit", params={"cursor": cursor}, headers=JSON).json()
        seen += [entry["action"] for entry in page["entries"]]
        cursor = page["older"]

    assert [f"test.{number}" for number in reversed(range(230))] == [each for each in seen if each.startswith("test.")]


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-13-01", "since=%00"])
def test_a_filter_of_the_log_that_is_nonsense_is_refused(ada: TestClient, query: str) -> None:
    assert ada.get(f"/audit?{query}").status_code in (400, 422)


def test_no_page_and_no_json_holds_a_hash_of_a_password(house: House, ada: TestClient) -> None:
    me = user(house, "ada")

    for path in ("/users", f"/users/{me.id}", "/account", "/audit"):
        for headers in ({}, JSON):
            assert "argon2" not in ada.get(path, headers=headers).text


def test_ones_own_keys_are_on_the_account_page_and_end_there(house: House, enter: Enter) -> None:
    house.user("olga", "operator")
    house.user("ada", "admin")
    ada, olga = enter("ada"), enter("olga")
    ada.post("/keys", data={"name": "hers", "role": "viewer", "days": "30"})
    made = olga.post("/keys", data={"name": "mine", "role": "operator", "days": "90"})
    page = olga.get("/account").text
    address = re.search(r'action="(/keys/[^"]+)"', page)
    assert address is not None

    revoked = olga.post(address.group(1), data={"do": "revoke", "next": "/account"})

    assert 200 == made.status_code
    assert "mine" in page
    assert "hers" not in page
    assert (303, "/account") == (revoked.status_code, revoked.headers["Location"])
    assert "revoked" in olga.get("/account").text
