"""Pages are asked for in one way, and nonsense is told from a number."""

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.pagination import Cursor
from taskcore.web.paging import Total, page_body, page_headers, page_request

from .faces import a_client, a_face

QUERY = {"state": "failed"}


async def listing(request: Request) -> Response:
    page = page_request(request, most=200)
    if page.cursor is not None:
        Cursor.decode(page.cursor, QUERY)
    total = Total(count=12_431, is_estimate=True)
    headers = page_headers(request, next_cursor="n&1", prev_cursor=page.cursor, total=total)
    return JSONResponse(page_body([page.limit], "n&1", total), headers=headers)


FACE = a_face(None, routes=[Route("/list", listing)])


@pytest.mark.parametrize(
    "query", ["limit=" + text for text in ("0", "-1", "201", "100000", "1e1", "%2B5", "٣", "", "5.0")]
)
async def test_a_limit_that_is_no_number_of_rows_is_422(query: str) -> None:
    async with a_client(FACE) as client:
        answer = await client.get(f"/list?{query}")

    assert (422, "query.limit") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert "from 1 to 200" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=garbage",
        "cursor=" + "A" * 2_001,
        "cursor=a&cursor=b",
        "cursor=" + Cursor(("a",)).encode({"state": "dead"}),
    ],
    ids=["garbage", "long", "two", "of another query"],
)
async def test_a_cursor_that_is_none_is_422(query: str) -> None:
    async with a_client(FACE) as client:
        answer = await client.get(f"/list?{query}")

    assert (422, "bad_cursor") == (answer.status_code, answer.json()["code"])


async def test_a_page_leads_to_its_neighbours_in_the_body_and_in_headers() -> None:
    cursor = Cursor(("a",)).encode(QUERY)
    async with a_client(FACE) as client:
        answer = await client.get(f"/list?state=failed&limit=200&cursor={cursor}")

    assert {"items": [200], "next_cursor": "n&1", "total": 12_431, "total_is_estimate": True} == answer.json()
    assert "12431" == answer.headers["x-total-count"]
    base = "http://localhost/list?state=failed&limit=200&cursor="
    assert f'<{base}n%261>; rel="next", <{base}{cursor}>; rel="prev"' == answer.headers["link"]


async def test_without_a_query_it_is_the_first_page() -> None:
    async with a_client(FACE) as client:
        answer = await client.get("/list")

    assert [50] == answer.json()["items"]


def test_the_last_page_leads_nowhere() -> None:
    request = Request({"type": "http", "query_string": b"", "headers": [], "path": "/", "server": ("h", 80)})

    assert {} == page_headers(request)
    assert {"items": [], "next_cursor": None, "total": None, "total_is_estimate": False} == page_body([], None)
