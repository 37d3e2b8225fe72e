"""Another site's page makes nobody's browser write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from taskcore.web.access import Access
from taskcore.web.csrf import is_ours
from taskcore.web.origins import origin

from .faces import Known, a_client, a_face

HERE = "https://tasks.example"
EVIL = "https://evil.example"
TRUSTED = "https://console.example"

SITES = st.sampled_from([None, "same-origin", "none", "same-site", "cross-site", "", "nonsense"])
ORIGINS = st.sampled_from([None, HERE, HERE + ":443", EVIL, TRUSTED, "null", "", "http://tasks.example", "%%"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a script"),
        pytest.param({"Origin": HERE}, 200, id="our page in an old browser"),
        pytest.param({"Origin": EVIL}, 403, id="a page of another site"),
        pytest.param({"Origin": "null"}, 403, id="a page that hides where it is from"),
        pytest.param({"Origin": HERE + ":8443"}, 403, id="another port"),
        pytest.param({"Origin": "http://tasks.example"}, 403, id="another scheme"),
        pytest.param({"Origin": HERE + ":443"}, 200, id="the usual port in full"),
        pytest.param({"Referer": EVIL + "/page"}, 403, id="a referring page of another site"),
        pytest.param({"Referer": HERE + "/page"}, 200, id="a referring page of ours"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="our page"),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="the user's own doing"),
        pytest.param({"Sec-Fetch-Site": "same-site", "Origin": "https://x.example"}, 403, id="a sister domain"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": EVIL}, 403, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="cross-site without origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": TRUSTED}, 200, id="a trusted origin"),
        pytest.param({"Origin": EVIL, "Authorization": "Bearer bob-key"}, 200, id="a token is never sent by itself"),
        pytest.param({"Origin": EVIL, "X-API-Key": "bob-key"}, 200, id="nor is a key"),
        pytest.param({"Origin": EVIL, "Authorization": "Basic YW5uOnA6dw=="}, 403, id="but a remembered password is"),
    ],
)
@pytest.mark.parametrize("body", [{"json": {"a": 1}}, {"data": {"a": "1"}}], ids=["json", "form"])
async def test_writes_of_other_sites_are_refused_whatever_their_body(
    headers: dict[str, str], status: int, body: dict[str, dict[str, object]]
) -> None:
    access = Access(chain=Known(), trusted_origins=[TRUSTED])
    async with a_client(a_face(access), base=HERE) as client:
        cookie = {"Cookie": "__Host-tc_session=ann-session"}
        answer = await client.post("/write", headers=cookie | headers, **body)  # type: ignore[arg-type]

    assert status == answer.status_code
    assert (403 == status) == ("cross_site" in answer.text)


async def test_reads_of_other_sites_go_on() -> None:
    async with a_client(a_face(Access(chain=Known())), base=HERE) as client:
        answer = await client.get("/who", headers={"Origin": EVIL, "Sec-Fetch-Site": "cross-site"})

    assert 200 == answer.status_code


async def test_where_the_address_is_the_credential_other_sites_may_not_write_either() -> None:
    async with a_client(a_face(None)) as client:
        answer = await client.post("/write", headers={"Origin": EVIL})

    assert 403 == answer.status_code


@given(site=SITES, said=ORIGINS, referer=ORIGINS)
def test_nothing_that_names_another_site_ever_passes(site: str | None, said: str | None, referer: str | None) -> None:
    sent = {"sec-fetch-site": site, "origin": said, "referer": referer}
    headers = Headers({name: value for name, value in sent.items() if value is not None})

    passed = is_ours(headers, HERE, frozenset({TRUSTED}))

    page = said if said is not None else referer
    here_or_nowhere = site in ("same-origin", "none") or (site is None and (page is None or origin(page) == HERE))
    assert passed == (here_or_nowhere or (page is not None and origin(page) == TRUSTED))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Tasks.Example:443", "https://tasks.example"),
        ("http://tasks.example:80/a?b", "http://tasks.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("null", None),
        ("", None),
        ("https://", None),
        ("ftp://tasks.example", None),
        ("https://tasks.example@evil.example", None),
        ("https://tasks.example:99999", None),
        ("https://[::1", None),
    ],
)
def test_origins_have_one_spelling(text: str, expected: str | None) -> None:
    assert expected == origin(text)
