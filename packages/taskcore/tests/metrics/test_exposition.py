"""Formats, the endpoint, and requests by route."""

import asyncio

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from taskcore.metrics import HTTPMetrics, Metrics, MetricsEndpoint, exposition

from .conftest import Read


async def task(request: Request) -> PlainTextResponse:
    return PlainTextResponse("x", status_code=int(request.query_params.get("status", "200")))


async def broken(request: Request) -> PlainTextResponse:
    raise ValueError("no")


@pytest.fixture
def client(metrics: Metrics) -> httpx2.AsyncClient:
    inner = Starlette(routes=[Route("/{id}/log", task)])
    app = Starlette(
        routes=[
            Route("/metrics", MetricsEndpoint(metrics)),
            Route("/tasks/{id}", task),
            Route("/broken", broken),
            Mount("/inner", inner),
        ],
        middleware=[Middleware(HTTPMetrics, metrics=metrics, system="web")],
    )
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://t")


async def test_the_endpoint_speaks_plain_text_and_open_metrics(client: httpx2.AsyncClient) -> None:
    plain = await client.get("/metrics")
    modern = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (plain.status_code, plain.headers["content-type"])
    assert modern.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert modern.text.endswith("# EOF\n")
    assert {"python_info", "process_start_time_seconds"} <= {
        sample.name
        for family in open_metrics(modern.text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


async def test_the_endpoint_only_reads(client: httpx2.AsyncClient) -> None:
    head, post = await client.head("/metrics"), await client.post("/metrics")

    assert (200, b"") == (head.status_code, head.content)
    assert (405, "GET, HEAD") == (post.status_code, post.headers["allow"])


async def test_requests_are_counted_by_template_and_never_by_path(client: httpx2.AsyncClient, read: Read) -> None:
    for path in ("/tasks/1", "/tasks/2?status=404", "/tasks/3", "/inner/7/log", "/broken", "/no/such/path"):
        await client.get(path)
    await client.request("BREW", "/tasks/1")

    def count(route: str, status: int, method: str = "GET") -> float | None:
        return read("taskcore_http_requests_total", system="web", method=method, route=route, status=status)

    assert (2, 1) == (count("/tasks/{id}", 200), count("/tasks/{id}", 404))
    assert (1, 1, 1) == (count("/{id}/log", 200), count("/broken", 500), count("unmatched", 404))
    assert 1 == count("/tasks/{id}", 405, "other")
    place = {"system": "web", "method": "GET", "route": "/tasks/{id}"}
    assert 3 == read("taskcore_http_request_duration_seconds_count", **place)
    assert 0 == read("taskcore_http_requests_open", system="web")


async def test_an_answer_that_is_cut_off_is_counted_and_not_left_open(metrics: Metrics, read: Read) -> None:
    async def never(scope: object, receive: object, send: object) -> None:
        await asyncio.Event().wait()

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    app = HTTPMetrics(never, metrics, "web")
    request = asyncio.create_task(app({"type": "http", "method": "GET"}, nothing, nothing))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert 1 == read("taskcore_http_requests_open", system="web")

    request.cancel()
    await asyncio.wait([request])

    assert 0 == read("taskcore_http_requests_open", system="web")


def test_several_systems_share_the_families_of_requests(metrics: Metrics) -> None:
    first, second = (HTTPMetrics(None, metrics, system) for system in ("a", "b"))

    assert first is not second


@given(st.text() | st.from_regex(r"(application/openmetrics-text|text/plain)(; ?version=.{0,9})?(; ?escaping=.{0,9})?"))
def test_no_accept_header_breaks_a_scrape(accept: str) -> None:
    body, content_type = exposition(Metrics().registry, accept)

    assert b"python_info" in body
    assert content_type.startswith(("text/plain", "application/openmetrics-text"))
    assert content_type.isascii()
    assert content_type.isprintable()
