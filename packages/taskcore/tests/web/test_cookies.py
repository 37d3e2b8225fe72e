"""The session cookie is for this host's server and nobody else, and addresses that clients name lead nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.types import Scope
from taskcore.web.cookies import SessionCookie
from taskcore.web.paths import local_path, path_below_root


def a_scope(scheme: str, cookie: str = "") -> Scope:
    return {"type": "http", "scheme": scheme, "headers": [(b"cookie", cookie.encode())]}


def given_cookie(cookie: SessionCookie, scheme: str) -> str:
    response = Response()
    cookie.give(response, a_scope(scheme), "s.e-c_ret", seconds=60)
    return response.headers["set-cookie"]


@pytest.mark.parametrize(
    ("cookie", "scheme", "expected"),
    [
        pytest.param(
            SessionCookie(),
            "https",
            "__Host-tc_session=s.e-c_ret; HttpOnly; Max-Age=60; Path=/; SameSite=lax; Secure",
            id="https",
        ),
        pytest.param(
            SessionCookie(), "http", "tc_session=s.e-c_ret; HttpOnly; Max-Age=60; Path=/; SameSite=lax", id="http"
        ),
        pytest.param(
            SessionCookie(name="lapinq_session", path="/q", same_site="strict"),
            "https",
            "lapinq_session=s.e-c_ret; HttpOnly; Max-Age=60; Path=/q; SameSite=strict; Secure",
            id="a path of its own",
        ),
        pytest.param(
            SessionCookie(secure=True),
            "http",
            "__Host-tc_session=s.e-c_ret; HttpOnly; Max-Age=60; Path=/; SameSite=lax; Secure",
            id="behind a proxy that nobody named",
        ),
    ],
)
def test_scripts_never_see_it_and_https_keeps_it_to_itself(cookie: SessionCookie, scheme: str, expected: str) -> None:
    assert expected == given_cookie(cookie, scheme)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_was_given_is_read_and_taken_back_under_the_same_name(scheme: str) -> None:
    cookie, response = SessionCookie(), Response()
    name = given_cookie(cookie, scheme).partition("=")[0]

    cookie.take_back(response, a_scope(scheme))

    assert "secret" == cookie.read(a_scope(scheme, f"other=1; {name}=secret"))
    assert response.headers["set-cookie"].startswith(f'{name}=""; ')
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert cookie.read(a_scope(scheme, f"{name}=")) is None


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/x",
        "",
        "evil",
        "javascript:x",
    ],
)
def test_an_address_elsewhere_is_not_followed(target: str) -> None:
    assert "/home" == local_path(target, "/home")


@given(st.text(alphabet="/\\abc:?#.\t\n", max_size=12))
def test_a_followed_address_never_names_a_host(target: str) -> None:
    followed = local_path(target)

    assert followed.startswith("/")
    assert not followed.startswith(("//", "/\\"))
    assert not set(followed) & set("\\\t\n")


@pytest.mark.parametrize(
    ("path", "root", "expected"),
    [("/a/b", "/a", "/b"), ("/ab", "/a", "/ab"), ("/a", "/a", ""), ("/a/b", "/a/", "/b"), ("/b", "", "/b")],
)
def test_a_path_is_what_follows_the_place_of_the_application(path: str, root: str, expected: str) -> None:
    assert expected == path_below_root({"path": path, "root_path": root})
