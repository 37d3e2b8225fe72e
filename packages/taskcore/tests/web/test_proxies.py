"""Forwarding headers are believed from those who were named, and from nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from taskcore.errors import InvalidInput
from taskcore.web.access import Access
from taskcore.web.proxies import Forwarding, Hop, TrustedProxies, is_local

from .faces import Known, a_client, a_face

INSIDE = TrustedProxies(["10.0.0.0/8", "::1"])
STANDARD = TrustedProxies(["10.0.0.0/8", "::1"], forwarding=Forwarding.FORWARDED)
FROM_INSIDE = st.sampled_from(["10.0.0.1", "10.9.9.9", "::1", "::ffff:10.0.0.3"])
FROM_OUTSIDE = st.sampled_from(["203.0.113.9", "2001:db8::7", "127.0.0.1", "192.168.0.1"])
CLIENTS_OWN = st.lists(st.sampled_from(["1.2.3.4", "10.0.0.5", "evil", "", "::1", '"', 'for="', "unknown"]), max_size=4)


def headers(**given: str) -> Headers:
    return Headers({name.replace("_", "-"): value for name, value in given.items()})


@pytest.mark.parametrize(
    ("peer", "sent", "expected"),
    [
        pytest.param("203.0.113.9", {"x_forwarded_for": "1.2.3.4"}, Hop("203.0.113.9"), id="from nobody we know"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "1.2.3.4"}, Hop("1.2.3.4"), id="from a proxy"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "6.6.6.6, 1.2.3.4"}, Hop("1.2.3.4"), id="the last is the proxy's"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "6.6.6.6, 1.2.3.4, 10.0.0.2"}, Hop("1.2.3.4"), id="two proxies"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "10.0.0.3, 10.0.0.2"}, Hop("10.0.0.3"), id="all inside"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "1.2.3.4, evil"}, Hop("10.0.0.1"), id="nonsense leads no further"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "1.2.3.4:80"}, Hop("1.2.3.4"), id="with a port"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "[2001:db8::7]:80"}, Hop("2001:db8::7"), id="IPv6 with a port"),
        pytest.param("10.0.0.1", {"x_forwarded_for": "2001:db8::7"}, Hop("2001:db8::7"), id="IPv6"),
        pytest.param("10.0.0.1", {"forwarded": "for=1.2.3.4"}, Hop("10.0.0.1"), id="a header the proxy does not set"),
        pytest.param("10.0.0.1", {"x_forwarded_proto": "https"}, Hop("10.0.0.1", "https"), id="scheme alone"),
        pytest.param("10.0.0.1", {"x_forwarded_proto": "https, HTTP"}, Hop("10.0.0.1", "http"), id="last scheme"),
        pytest.param("10.0.0.1", {"x_forwarded_proto": "javascript"}, Hop("10.0.0.1"), id="no scheme"),
        pytest.param("10.0.0.1", {"x_forwarded_host": "a.example:81"}, Hop("10.0.0.1", "", "a.example:81"), id="host"),
        pytest.param("10.0.0.1", {"x_forwarded_host": "a.example/evil"}, Hop("10.0.0.1"), id="no host"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(peer: str, sent: dict[str, str], expected: Hop) -> None:
    assert expected == INSIDE.client_of(peer, headers(**sent))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("for=1.2.3.4;proto=https;host=a.example", Hop("1.2.3.4", "https", "a.example")),
        ('For="[2001:db8::7]:4711"; Proto=http', Hop("2001:db8::7", "http")),
        ('for=6.6.6.6;proto=http, for="1.2.3.4" ;proto=https , for=10.0.0.2', Hop("1.2.3.4", "https")),
        ("for=unknown;proto=https", Hop("10.0.0.1", "https")),
        ("for=_hidden", Hop("10.0.0.1")),
        ('for="1.2.3.4, for=6.6.6.6', Hop("6.6.6.6")),
        ('for="a\\", for=6.6.6.6";x="b,c;d", for=1.2.3.4', Hop("1.2.3.4")),
        ("", Hop("10.0.0.1")),
        (";;;,,,=", Hop("10.0.0.1")),
    ],
)
def test_the_standards_header_is_read_where_it_is_the_proxys(sent: str, expected: Hop) -> None:
    assert expected == STANDARD.client_of("10.0.0.1", headers(forwarded=sent))


@given(
    peer=FROM_OUTSIDE,
    sent=st.dictionaries(
        st.sampled_from(["x-forwarded-for", "forwarded"]), st.text(st.characters(max_codepoint=255), max_size=40)
    ),
)
def test_from_outside_nothing_is_believed(peer: str, sent: dict[str, str]) -> None:
    assert Hop(peer) == INSIDE.client_of(peer, Headers(sent)) == STANDARD.client_of(peer, Headers(sent))


@given(own=CLIENTS_OWN, client=FROM_OUTSIDE, proxies=st.lists(FROM_INSIDE, min_size=1, max_size=4))
def test_whatever_a_client_writes_itself_it_stays_who_the_first_proxy_saw(
    own: list[str], client: str, proxies: list[str]
) -> None:
    *others, peer = proxies

    plain = headers(x_forwarded_for=", ".join([*own, client, *others]))
    standard = headers(
        forwarded=", ".join(
            [*own, *(f'for="[{each}]"' if ":" in each else f"for={each}" for each in (client, *others))]
        )
    )

    assert client == INSIDE.client_of(peer, plain).client
    assert client == STANDARD.client_of(peer, standard).client


@given(st.text(alphabet='for=proto;host,"\\[]:.1a ', max_size=60))
def test_no_header_is_too_broken_to_read(text: str) -> None:
    hop = STANDARD.client_of("10.0.0.1", headers(forwarded=text))

    assert hop.client
    assert hop.scheme in ("", "http", "https")


async def test_a_request_is_rewritten_as_the_proxy_saw_it() -> None:
    access = Access(chain=Known(), proxies=TrustedProxies(["10.0.0.1"]))
    sent = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "tasks.example",
        "Cookie": "__Host-tc_session=ann-session",
        "Origin": "https://tasks.example",
    }
    async with a_client(a_face(access), peer="10.0.0.1") as client:
        who = await client.get("/who", headers=sent)
        wrote = await client.post("/write", headers=sent)
    async with a_client(a_face(access), peer="10.0.0.2") as client:
        other = await client.get("/who", headers=sent)
        forged = await client.post("/write", headers=sent)

    assert {"name": "ann", "client": "203.0.113.9"} == who.json()
    assert {"name": None, "client": "10.0.0.2"} == other.json()
    assert (200, 403) == (wrote.status_code, forged.status_code)


def test_a_proxy_behind_a_socket_of_this_machine_has_no_address_and_is_named_by_that() -> None:
    sent = headers(x_forwarded_for="203.0.113.9")

    assert Hop("203.0.113.9") == TrustedProxies(["unix", "10.0.0.1"]).client_of("", sent)
    assert Hop("") == INSIDE.client_of("", sent)


def test_a_proxy_is_an_address_or_a_network() -> None:
    with pytest.raises(InvalidInput, match="nginx"):
        TrustedProxies(["nginx"])


@pytest.mark.parametrize(("version", "local"), [("1.0", False), ("1.1", True), ("2", True)])
def test_a_proxy_as_it_comes_out_of_the_box_is_no_person_at_this_machine(version: str, local: bool) -> None:
    asked = {"type": "http", "client": ("127.0.0.1", 1), "headers": [(b"host", b"127.0.0.1:8000")]}

    assert local == is_local({**asked, "http_version": version})
